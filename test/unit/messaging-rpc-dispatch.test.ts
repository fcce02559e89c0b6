import test from 'ava';
import { FenixError } from '../../src/common/errors.js';
import { RemoteError, type RemoteException } from '../../src/messaging/remote-error.js';
import { isWithinCap } from '../../src/messaging/rpc-client.js';
import { RpcServer } from '../../src/messaging/rpc-server.js';
import { isVersionCompatible } from '../../src/messaging/version.js';
import { aMessage, collect, settled } from '../support/messaging.js';
import { aPair, SOON, TARGET } from '../support/rpc-pair.js';

const ECHO = { echo: ({ x }: Readonly<Record<string, unknown>>) => x };

/** Raises that exception of a Python peer. */
const raising = (remote: Partial<RemoteException>) => () => {
  throw new RemoteError({ className: 'E', module: 'm', message: 'what', traceback: [], ...remote });
};

test('an error of our own reaches the caller as what it was, with what happened over there as its cause', async (t) => {
  const methods = {
    boom: () => {
      throw new FenixError('conflict', 'taken', 'The host is taken.');
    },
    doubt: () => Promise.reject(new FenixError('transient', 'nova-timeout', 'No answer.', { inDoubt: true })),
    type: () => Promise.reject(new TypeError('not that')),
    text: () => Promise.reject('just text'),
  };
  const { client } = await aPair(t, { methods });
  const error = await t.throwsAsync(client.call(TARGET, 'boom', {}, {}, SOON), { instanceOf: FenixError });
  t.like(error, { kind: 'conflict', code: 'taken', message: 'The host is taken.', inDoubt: false });
  const remote = (error?.cause as RemoteError | undefined)?.remote;
  t.like(remote, { className: 'FenixError', module: 'fenix', kwargs: { kind: 'conflict', code: 'taken' } });
  t.true((remote?.traceback.length ?? 0) > 1);
  t.true(remote?.traceback.every((line) => line.endsWith('\n')));
  await t.throwsAsync(client.call(TARGET, 'doubt', {}, {}, SOON), { code: 'nova-timeout' });
  const typeError = await t.throwsAsync(client.call(TARGET, 'type', {}, {}, SOON), { instanceOf: RemoteError });
  t.like(typeError?.remote, { className: 'TypeError', module: 'builtins' });
  const text = await t.throwsAsync(client.call(TARGET, 'text', {}, {}, SOON), { instanceOf: RemoteError });
  t.like(text?.remote, { className: 'Error', message: 'just text' });
});

test('only exceptions of allowed modules become errors of our own', async (t) => {
  const methods = {
    known: raising({ module: 'nova.exception', className: 'HostNotFound', message: 'Host x is unknown.' }),
    other: raising({ module: 'nova.exception', className: 'Other' }),
    strange: raising({ module: 'os', className: 'HostNotFound' }),
    odd: raising({ module: 'fenix', className: 'FenixError', kwargs: { kind: 'no kind', code: 'c' } }),
  };
  const restore = ({ className, message }: RemoteException) =>
    className === 'HostNotFound' ? new FenixError('missing', 'no-host', message) : undefined;
  const { client } = await aPair(t, { methods, client: { allowedRemoteModules: { 'nova.exception': restore } } });
  await t.throwsAsync(client.call(TARGET, 'known', {}, {}, SOON), { code: 'no-host', message: 'Host x is unknown.' });
  for (const method of ['other', 'strange', 'odd']) {
    await t.throwsAsync(client.call(TARGET, method, {}, {}, SOON), { instanceOf: RemoteError, code: 'remote-error' });
  }
  const { client: plain } = await aPair(t, { methods });
  await t.throwsAsync(
    plain.call(TARGET, 'odd', {}, {}, SOON),
    { instanceOf: RemoteError },
    'not one of ours after all',
  );
});

test('a failure passed on keeps class, module and arguments, but not the names that a Python client gave it', async (t) => {
  const passedOn = { className: 'Taken_Remote', module: 'nova.exception_Remote', args: ['x', 1], kwargs: { code: 4 } };
  const { memory } = await aPair(t, { methods: { pass: raising(passedOn) } });
  const broker = memory.connect();
  await broker.declareQueue('answers', { durable: false, autoDelete: false });
  const answers = await collect(broker, 'answers');
  await broker.publish(aMessage('engine', { method: 'pass', _msg_id: 'm', _reply_q: 'answers' }));
  await settled();
  t.deepEqual(JSON.parse(String(answers[0]?.failure)), {
    class: 'Taken',
    module: 'nova.exception',
    message: 'what',
    tb: [],
    args: ['x', 1],
    kwargs: { code: 4 },
  });
});

test('unknown methods, versions and namespaces are refused under the names of oslo.messaging', async (t) => {
  const { client } = await aPair(t, { methods: { ...ECHO, _secret: () => 'told' } });
  const refusal = async (target: object, method: string) => {
    const call = client.call({ ...TARGET, ...target }, method, {}, {}, SOON);
    const error = await t.throwsAsync(call, { instanceOf: RemoteError });
    t.is(error?.remote.module, 'oslo_messaging.rpc.dispatcher');
    return error?.remote.className;
  };
  t.is(await refusal({}, 'nope'), 'NoSuchMethod');
  t.is(await refusal({}, '_secret'), 'NoSuchMethod');
  t.is(await refusal({}, 'toString'), 'NoSuchMethod');
  t.is(await refusal({ version: '1.6' }, 'echo'), 'UnsupportedVersion');
  t.is(await refusal({ namespace: 'nope' }, 'echo'), 'UnsupportedVersion');
  t.is(await refusal({ namespace: '' }, 'echo'), 'UnsupportedVersion', 'no namespace is not the empty one');
  t.is(await client.call({ ...TARGET, namespace: 'admin', version: '2.0' }, 'whoami', {}, {}, SOON), 'admin');
});

test('the first endpoint that has method, namespace and version answers, under older namespaces too', async (t) => {
  const endpoints = [
    { version: '1.9', methods: { newer: () => 'from 1.9' } },
    { version: '3.0', namespace: 'host', legacyNamespaces: [null, 'node'], methods: { state: () => 'up' } },
  ];
  const { client } = await aPair(t, { methods: ECHO, endpoints });
  t.is(await client.call({ ...TARGET, version: '1.2' }, 'newer', {}, {}, SOON), 'from 1.9', 'goes on past 1.5');
  for (const namespace of ['host', 'node']) {
    t.is(await client.call({ ...TARGET, namespace, version: '3.0' }, 'state', {}, {}, SOON), 'up');
  }
  t.is(await client.call({ ...TARGET, version: '3.0' }, 'state', {}, {}, SOON), 'up');
});

test('1.5 serves 1.0 to 1.5 and nothing else', (t) => {
  for (const asked of ['1.0', '1.4', '1.5', '1.5.0']) t.true(isVersionCompatible('1.5', asked), asked);
  const refused = ['1.5.1', '1.6', '0.9', '2.0', '1', '', 'x', '1.x', '1.5.0.0', null, undefined, 1.5, {}, ['1.5']];
  for (const asked of refused) t.false(isVersionCompatible('1.5', asked), String(asked));
  t.true(isVersionCompatible('1.5.3', '1.5.2'));
});

test('what older servers would not understand is refused before it is sent', async (t) => {
  const { client, clientSide } = await aPair(t, { methods: ECHO });
  const capped = { ...TARGET, versionCap: '1.2' };
  t.is(await client.call({ ...capped, version: '1.2' }, 'echo', { x: 1 }, {}, SOON), 1);
  const sent = clientSide.published.length;
  for (const version of ['1.3', '1.2.1', '2.0', undefined]) {
    const target = { ...capped, ...(version !== undefined && { version }) };
    t.false(isWithinCap(target));
    await t.throwsAsync(client.call(target, 'echo', {}, {}, SOON), { code: 'version-cap' }, version);
    await t.throwsAsync(client.cast(target, 'echo', {}, {}), { code: 'version-cap' }, version);
    await t.throwsAsync(client.fanout(target, 'echo', {}, {}), { code: 'version-cap' }, version);
  }
  await t.throwsAsync(client.call({ ...TARGET, version: 'x' }, 'echo', {}, {}, SOON), { code: 'invalid-target' });
  t.is(clientSide.published.length, sent);
});

test('a server needs a topic and a name', async (t) => {
  const { start, server } = await aPair(t);
  t.true(server instanceof RpcServer);
  await t.throwsAsync(start(''), { code: 'invalid-target' });
});
