import { randomUUID } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import { loadConfig } from '../../src/config/index.js';
import { MemoryBroker } from '../../src/messaging/memory-broker.js';
import type { Notification } from '../../src/messaging/notification.js';
import { NotificationListener } from '../../src/messaging/notification-listener.js';
import { type NotificationDriver, Notifier } from '../../src/messaging/notifier.js';
import { RemoteError } from '../../src/messaging/remote-error.js';
import { type CallOptions, RpcClient, type RpcTarget } from '../../src/messaging/rpc-client.js';
import type { RpcEndpoint } from '../../src/messaging/rpc-dispatcher.js';
import { RpcServer } from '../../src/messaging/rpc-server.js';
import { openTransport } from '../../src/messaging/transport.js';
import { OsloPeer, osloPython, PythonError } from '../support/oslo-peer.js';

/*
 * Fenix and Python's oslo.messaging as peers on a real RabbitMQ, in both roles each. One Python process for everything:
 * it takes a second to start. Each test has a topic of its own.
 */
const EXCHANGE = 'fenix';
const amqpUrl = process.env.FENIX_TEST_AMQP_URL;
const both = amqpUrl !== undefined && osloPython !== undefined ? test : undefined;
if (both === undefined) test.skip('oslo.messaging: all of this file', (t) => t.fail());

const clock = new SystemMachineClock();
let python: OsloPeer;
let transport: ReturnType<typeof openTransport>;
let common: { exchange: string; clock: SystemMachineClock; logger: typeof silentLogger } & typeof transport;
let client: RpcClient;

test.before(async () => {
  if (amqpUrl === undefined || osloPython === undefined) return;
  python = await OsloPeer.start(osloPython, amqpUrl, EXCHANGE);
  const { osloMessagingRabbit: options } = loadConfig().config;
  const parts = { options, program: 'fenix-test', memory: () => new MemoryBroker(), clock, logger: silentLogger };
  transport = openTransport(amqpUrl, parts);
  common = { ...transport, exchange: EXCHANGE, clock, logger: silentLogger };
  client = new RpcClient(common);
});

test.after.always(async () => {
  await client?.close();
  await transport?.broker.close();
  await python?.close();
});

const aTopic = (): string => `interop-${randomUUID()}`;

function raise(error: Error): never {
  throw error;
}

/** What was told, and a promise of so much. */
class Told<T> {
  readonly all: T[] = [];
  private readonly waiting = new Set<() => void>();

  take(one: T): void {
    this.all.push(one);
    for (const look of this.waiting) look();
  }

  /** Resolves when there are so many. */
  async reaches(count: number): Promise<T[]> {
    while (this.all.length < count) await new Promise<void>((resolve) => this.waiting.add(resolve));
    return this.all;
  }
}

/** The same methods as those of the Python peer. */
function endpoints(noted: Told<unknown>): RpcEndpoint[] {
  const methods = {
    echo: ({ x }: Readonly<Record<string, unknown>>) => x,
    none: () => undefined,
    context: (_: unknown, context: unknown) => context,
    note: ({ x }: Readonly<Record<string, unknown>>) => noted.take(x),
    slow: ({ seconds }: Readonly<Record<string, unknown>>) => clock.sleepMs(Number(seconds) * 1000).then(() => seconds),
    expected: () => raise(new FenixError('conflict', 'taken', 'as expected')),
    unexpected: () => raise(new RangeError('by nothing')),
    wrong: () => raise(new TypeError('that type')),
  };
  return [
    { version: '1.5', methods },
    { namespace: 'admin', version: '2.1', methods: { echo: ({ x }) => ({ admin: x }) } },
  ];
}

/** Our server and a topic that nobody else listens on. */
async function ourServer(t: ExecutionContext, noted = new Told<unknown>()): Promise<string> {
  const topic = aTopic();
  const server = new RpcServer({ ...common, topic, server: 'one', endpoints: endpoints(noted), pingEnabled: true });
  await server.start();
  t.teardown(() => server.stop());
  return topic;
}

async function theirServer(): Promise<string> {
  const topic = aTopic();
  await python.ask('serve', { topic, server: 'one' });
  return topic;
}

const call = (topic: string, method: string, args = {}, target: Partial<RpcTarget> = {}, more = {}) => {
  const options: CallOptions = { timeoutMs: 20_000, ...more };
  return client.call({ topic, ...target }, method, args, { request_id: 'req-1' }, options);
};

/** What a Python call raised. */
async function raised(t: ExecutionContext, asking: Promise<unknown>): Promise<Readonly<Record<string, unknown>>> {
  const error = await t.throwsAsync(asking, { instanceOf: PythonError });
  return error?.error ?? {};
}

/** Values that JSON and both languages have. */
const VALUE = { text: 'é日本 "\\u0000\n', list: [1, -2.5, true, null, []], nested: { big: 12345678901234567890n } };
/** The same as Python gets it by JSON of our own. */
const PLAIN = { ...VALUE, nested: { big: 1234567 } };

both?.('a Python client calls our server: values, nothing, namespace, server, context, ping', async (t) => {
  const topic = await ourServer(t);
  const ask = (method: string, more = {}) => python.ask('call', { topic, method, ...more });
  t.deepEqual(await ask('echo', { args: { x: PLAIN } }), PLAIN);
  t.is(await ask('none'), null);
  t.deepEqual(await ask('echo', { args: { x: 1 }, namespace: 'admin', version: '2.0' }), { admin: 1 });
  t.is(await ask('echo', { args: { x: 2 }, server: 'one', version: '1.5' }), 2);
  t.deepEqual(await ask('context', { context: { user_id: 'u', roles: ['a'] } }), {
    user_id: 'u',
    roles: ['a'],
    client_timeout: null,
  });
  t.is(await ask('oslo_rpc_server_ping'), 'pong');
});

both?.('our client calls a Python server: values, nothing, namespace, server, context, ping', async (t) => {
  const topic = await theirServer();
  t.deepEqual(await call(topic, 'echo', { x: VALUE }), VALUE);
  t.is(await call(topic, 'none'), null);
  t.deepEqual(await call(topic, 'echo', { x: 1 }, { namespace: 'admin', version: '2.0' }), { admin: 1 });
  t.is(await call(topic, 'echo', { x: 2 }, { server: 'one', version: '1.5' }), 2);
  t.deepEqual(await call(topic, 'context'), { request_id: 'req-1', client_timeout: null });
  t.is(await call(topic, 'oslo_rpc_server_ping'), 'pong');
});

both?.('a Python client sees our exceptions as the library names them', async (t) => {
  const topic = await ourServer(t);
  const failing = (method: string, more = {}) => raised(t, python.ask('call', { topic, method, ...more }));
  const remote = { class: 'RemoteError', module: 'oslo_messaging.rpc.client' };
  t.like(await failing('expected'), { ...remote, exc_type: 'FenixError', value: 'as expected' });
  t.like(await failing('unexpected'), { ...remote, exc_type: 'RangeError', value: 'by nothing' });
  t.like(await failing('wrong'), { class: 'TypeError', module: 'builtins' });
  const dispatcher = 'oslo_messaging.rpc.dispatcher_Remote';
  t.like(await failing('nope'), { class: 'NoSuchMethod_Remote', module: dispatcher });
  t.like(await failing('echo', { version: '1.9' }), { class: 'UnsupportedVersion_Remote', module: dispatcher });
  t.like(await failing('echo', { namespace: 'x' }), { class: 'UnsupportedVersion_Remote', module: dispatcher });
});

both?.("our client sees a Python server's exceptions with class, module and traceback", async (t) => {
  const topic = await theirServer();
  const failing = async (method: string, args = {}, target: Partial<RpcTarget> = {}) => {
    const error = await t.throwsAsync(call(topic, method, args, target), { instanceOf: RemoteError });
    t.true((error?.remote.traceback.length ?? 0) > 1);
    return error?.remote;
  };
  t.like(await failing('expected'), { className: 'LookupError', module: 'builtins', message: 'as expected' });
  t.like(await failing('unexpected'), { className: 'ZeroDivisionError', args: ['by nothing'] });
  t.like(await failing('echo'), { className: 'TypeError', module: 'builtins' });
  t.like(await failing('nope'), { className: 'NoSuchMethod', module: 'oslo_messaging.rpc.dispatcher' });
  t.like(await failing('echo', { x: 1 }, { version: '1.9' }), { className: 'UnsupportedVersion' });
  t.like(await failing('echo', { x: 1 }, { namespace: 'x' }), { className: 'UnsupportedVersion' });
});

both?.(
  'calls end in time: what is slow times out, a monitored call lives by signs of life, on both sides',
  async (t) => {
    const [ours, theirs] = [await ourServer(t), await theirServer()];
    const slow = { method: 'slow', topic: ours };
    const inPython = [
      python.ask('call', { ...slow, args: { seconds: 5 }, monitor: 4 }),
      raised(t, python.ask('call', { ...slow, args: { seconds: 2 }, timeout: 1 })),
      raised(t, python.ask('call', { ...slow, args: { seconds: 3 }, monitor: 2, timeout: 2 })),
    ];
    const here = [
      call(theirs, 'slow', { seconds: 5 }, {}, { monitorTimeoutS: 4 }),
      t.throwsAsync(call(theirs, 'slow', { seconds: 2 }, {}, { timeoutMs: 1000 }), { code: 'rpc-timeout' }),
      t.throwsAsync(call(theirs, 'slow', { seconds: 3 }, {}, { monitorTimeoutS: 2, timeoutMs: 2000 }), {
        code: 'rpc-timeout',
      }),
    ];
    const [lived, timedOut, notProlonged] = await Promise.all(inPython);
    t.is(lived, 5);
    for (const error of [timedOut, notProlonged]) t.like(error, { class: 'MessagingTimeout' });
    t.is((await Promise.all(here))[0], 5);
    // The library goes on sending signs of life for a refused call; they do no harm.
    await t.throwsAsync(call(theirs, 'nope', {}, {}, { monitorTimeoutS: 2 }), { instanceOf: RemoteError });
    t.is(await call(theirs, 'slow', { seconds: 2.5 }, {}, { monitorTimeoutS: 4 }), 2.5);
  },
);

both?.('a mandatory call to nobody fails at once, on both sides', async (t) => {
  const topic = aTopic();
  const error = await raised(t, python.ask('call', { topic, method: 'echo', args: { x: 1 }, mandatory: true }));
  t.like(error, { class: 'MessageUndeliverable' });
  await t.throwsAsync(call(topic, 'echo', { x: 1 }, {}, { mandatory: true }), { code: 'unroutable' });
});

both?.('casts and fanouts arrive, in both directions', async (t) => {
  const noted = new Told<unknown>();
  const [ours, theirs] = [await ourServer(t, noted), await theirServer()];
  const values = ['topic', 'server', 'fanout'].map((to) => `${to} of ${theirs}`);
  await python.ask('cast', { topic: ours, method: 'note', args: { x: 'topic' } });
  await python.ask('cast', { topic: ours, server: 'one', method: 'note', args: { x: 'server' } });
  await python.ask('cast', { topic: ours, fanout: true, method: 'note', args: { x: 'fanout' } });
  await client.cast({ topic: theirs }, 'note', { x: values[0] }, {});
  await client.cast({ topic: theirs, server: 'one' }, 'note', { x: values[1] }, {});
  await client.fanout({ topic: theirs }, 'note', { x: values[2] }, {});
  const told = () =>
    python.events.flatMap(({ event, x }) => (event === 'note' && values.includes(String(x)) ? [x] : []));
  await python.until(() => told().length === 3);
  t.deepEqual(told().sort(), values.sort());
  t.deepEqual((await noted.reaches(3)).sort(), ['fanout', 'server', 'topic']);
});

for (const driver of ['messaging', 'messagingv2'] as const)
  both?.(`notifications in the format of ${driver} are understood in both directions`, async (t) => {
    const topic = aTopic();
    const payload = { state: 'MAINTENANCE', list: ['é', null, 1.5], nested: { a: true } };
    const heard = new Told<Notification>();
    const listening = { topics: [topic], priorities: ['INFO', 'ERROR'] as const };
    const listener = new NotificationListener({
      ...common,
      ...listening,
      onNotification: (notification) => heard.take(notification),
    });
    await listener.start();
    t.teardown(() => listener.stop());
    const context = { user_id: 'u', auth_token: 'SECRET' };
    const sent = { driver, topics: [topic], publisher_id: 'python.host', event_type: 'e.python', payload, context };
    await python.ask('notify', { ...sent, priority: 'info' });
    await python.ask('notify', { ...sent, priority: 'error' });
    const seen = await heard.reaches(2);
    t.deepEqual(seen.map(({ priority }) => priority).sort(), ['ERROR', 'INFO']);
    t.like(seen[0], { eventType: 'e.python', publisherId: 'python.host', payload, context: { user_id: 'u' } });
    t.regex(seen[0]?.timestamp ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+$/);

    const back = aTopic();
    await python.ask('listen', { topics: [back] });
    const drivers: NotificationDriver[] = [driver];
    const notifier = new Notifier({ ...common, drivers, topics: [back] });
    const messageId = randomUUID();
    const notification = { eventType: 'maintenance.session', payload, messageId, publisherId: 'fenix' };
    const timestamp = new Date('2026-01-01T09:59:20.5Z');
    await notifier.send({ ...notification, timestamp, context: { user_id: 'u', project_id: 'p' } });
    const arrived = () => python.events.find(({ metadata }) => Object(metadata).message_id === messageId);
    await python.until(() => arrived() !== undefined);
    t.deepEqual(arrived(), {
      event: 'notification',
      priority: 'info',
      context: { user_id: 'u', client_timeout: null },
      publisher_id: 'fenix',
      event_type: 'maintenance.session',
      payload,
      metadata: { message_id: messageId, timestamp: '2026-01-01 09:59:20.500000' },
    });
  });

both?.('a pool of Python listeners and one of ours get each notification once', async (t) => {
  const topic = aTopic();
  const heard = new Told<Notification>();
  await python.ask('listen', { topics: [topic], pool: `${topic}-python` });
  const listener = new NotificationListener({
    ...common,
    topics: [topic],
    priorities: ['INFO'],
    pool: `${topic}-ours`,
    onNotification: (notification) => heard.take(notification),
  });
  await listener.start();
  t.teardown(() => listener.stop());
  const notifier = new Notifier({ ...common, drivers: ['messagingv2'], topics: [topic] });
  const eventType = `event.${topic}`;
  for (let n = 0; n < 3; n += 1) {
    const messageId = randomUUID();
    await notifier.send({ eventType, payload: { n }, messageId, timestamp: new Date(), publisherId: 'fenix' });
  }
  const told = () => python.events.filter(({ event_type }) => event_type === eventType);
  await python.until(() => told().length === 3);
  t.deepEqual(
    (await heard.reaches(3)).map(({ payload }) => Object(payload).n),
    [0, 1, 2],
  );
  t.is(told().length, 3);
});
