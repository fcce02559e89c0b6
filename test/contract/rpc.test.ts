import { SystemMachineClock } from '../../src/common/clock.js';
import { type Logger, silentLogger } from '../../src/common/logger.js';
import type { Broker, MessageProperties } from '../../src/messaging/broker.js';
import { encodeMessage, MESSAGE_PROPERTIES } from '../../src/messaging/envelope.js';
import { NotificationListener } from '../../src/messaging/notification-listener.js';
import { Notifier } from '../../src/messaging/notifier.js';
import { RemoteError } from '../../src/messaging/remote-error.js';
import { RpcClient } from '../../src/messaging/rpc-client.js';
import type { RpcMethod } from '../../src/messaging/rpc-dispatcher.js';
import { requestContent } from '../../src/messaging/rpc-message.js';
import { RpcServer } from '../../src/messaging/rpc-server.js';
import { type LogLine, logInto } from '../support/api-log.js';
import { story } from '../support/brokers.js';
import { eventually } from '../support/eventually.js';
import { collect } from '../support/messaging.js';

const TARGET = { topic: 'engine' };
const SOON = { timeoutMs: 30_000 };
const clock = new SystemMachineClock();

function aClient(broker: Broker, logger: Logger = silentLogger): RpcClient {
  return new RpcClient({ broker, exchange: 'openstack', clock, logger });
}

async function aServer(
  broker: Broker,
  server: string,
  methods: Record<string, RpcMethod>,
  logger: Logger = silentLogger,
) {
  const endpoints = [{ version: '1.5', methods }];
  const rpc = new RpcServer({ broker, exchange: 'openstack', ...TARGET, server, endpoints, clock, logger });
  await rpc.start();
  return rpc;
}

const ECHO = { echo: ({ x }: Readonly<Record<string, unknown>>) => x };

story('calls at once get each its own answer, whatever they carry', async (t, all) => {
  await aServer(all.connect(), 'one', ECHO);
  const client = aClient(all.connect());
  const values = [...Array(200).keys(), { text: 'é日本', big: 12345678901234567890n, none: null }];
  t.deepEqual(await Promise.all(values.map((x) => client.call(TARGET, 'echo', { x }, {}, SOON))), values);
  t.is(await client.call(TARGET, 'echo', {}, {}, SOON), null);
});

story('what is sent with 20 MB comes back with 20 MB', async (t, all) => {
  await aServer(all.connect(), 'one', ECHO);
  const x = 'große Mengen '.repeat(1_600_000);
  t.true((await aClient(all.connect()).call(TARGET, 'echo', { x }, {}, { timeoutMs: 50_000 })) === x);
});

story('servers share a topic, may be named, and all hear a fanout', async (t, all) => {
  const heard: string[] = [];
  const methods = (name: string) => ({
    who: () => name,
    hear: ({ what }: Record<string, unknown>) => heard.push(`${name} ${what}`),
  });
  for (const name of ['one', 'two']) await aServer(all.connect(), name, methods(name));
  const client = aClient(all.connect());
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.call(TARGET, 'who', {}, {}, SOON)));
  t.deepEqual([...new Set(answers)].sort(), ['one', 'two']);
  t.is(await client.call({ ...TARGET, server: 'two' }, 'who', {}, {}, SOON), 'two');
  await client.fanout(TARGET, 'hear', { what: 'fanout' }, {});
  await client.cast({ ...TARGET, server: 'one' }, 'hear', { what: 'cast' }, {});
  await eventually(() => heard.length === 3);
  t.deepEqual(heard.sort(), ['one cast', 'one fanout', 'two fanout']);
});

story('a fanout finds its exchange again after the last listener took it along', async (t, all) => {
  const client = aClient(all.connect());
  await (await aServer(all.connect(), 'one', {})).stop();
  await client.fanout(TARGET, 'hear', {}, {});
  const heard: unknown[] = [];
  const server = await aServer(all.connect(), 'one', { hear: ({ n }) => heard.push(n) });
  await client.fanout(TARGET, 'hear', { n: 1 }, {});
  await eventually(() => heard.length === 1);
  await server.stop();
  // Several at once into nothing: the channel that ends takes nobody along for good.
  await Promise.all([2, 3, 4].map((n) => client.fanout(TARGET, 'hear', { n }, {})));
  t.deepEqual(heard, [1]);
});

story(
  'a stopped server answers what it had accepted, gives back the rest and removes its fanout queue',
  async (t, all) => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let begun = 0;
    const wait = async () => {
      begun += 1;
      await gate;
      return 'first';
    };
    const broker = all.connect();
    const first = await aServer(broker, 'one', { wait });
    const client = aClient(all.connect());
    const accepted = Array.from({ length: 64 }, () => client.call(TARGET, 'wait', {}, {}, SOON));
    await eventually(() => begun === 64);
    const queued = client.call(TARGET, 'wait', {}, {}, SOON);
    const stopping = first.stop();
    open();
    t.deepEqual(new Set(await Promise.all(accepted)), new Set(['first']));
    await stopping;
    await broker.close();
    await aServer(all.connect(), 'two', { wait: () => 'second' });
    t.is(await queued, 'second');
  },
);

story('an error of the method, and a method that there is not, reach the caller', async (t, all) => {
  const boom = () => Promise.reject(new TypeError('not that'));
  await aServer(all.connect(), 'one', { boom });
  const client = aClient(all.connect());
  const refusal = (method: string) =>
    t.throwsAsync(client.call(TARGET, method, {}, {}, SOON), { instanceOf: RemoteError });
  t.like((await refusal('boom'))?.remote, { className: 'TypeError', message: 'not that' });
  t.is((await refusal('nope'))?.remote.className, 'NoSuchMethod');
});

story('nobody there: a mandatory call fails at once, another one by its time-out', async (t, all) => {
  const client = aClient(all.connect());
  await t.throwsAsync(client.call(TARGET, 'echo', {}, {}, { ...SOON, mandatory: true }), { code: 'unroutable' });
  await t.throwsAsync(client.call(TARGET, 'echo', {}, {}, { timeoutMs: 100 }), { code: 'rpc-timeout' });
});

/** Bodies and properties that nobody can read. */
const UNREADABLE: Readonly<Record<string, readonly [string | Buffer, MessageProperties?]>> = {
  'no JSON': ['} no JSON {'],
  'no UTF-8': [Buffer.from([0xff, 0xfe, 0x00])],
  empty: [''],
  'a list': ['[1, 2]'],
  'another content type': ['{}', { contentType: 'text/plain' }],
  'a content type with charset': ['{}', { contentType: 'application/json; charset=utf-8' }],
  'another envelope version': ['{"oslo.version": "2.1", "oslo.message": "{}"}'],
  'a number as envelope version': ['{"oslo.version": 2.0, "oslo.message": "{}"}'],
  'an envelope around no JSON': ['{"oslo.version": "2.0", "oslo.message": "{"}'],
  'compressed by what Fenix cannot undo': ['x', { headers: { compression: 'application/x-bz2' } }],
  'said to be compressed': ['{}', { headers: { compression: 'application/x-gzip' } }],
};

story(
  'what cannot be read is dropped and logged, by servers, clients and listeners alike, and they go on',
  async (t, all) => {
    const lines: LogLine[] = [];
    const [log, broker] = [logInto((line) => lines.push(line)), all.connect()];
    await aServer(broker, 'one', { ...ECHO, replyQueue: () => null }, log);
    const client = aClient(broker, log);
    const heard: string[] = [];
    const listening = { exchange: 'openstack', topics: ['notifications'], priorities: ['INFO'] as const, logger: log };
    const onNotification = async ({ eventType }: { eventType: string }) => void heard.push(eventType);
    await new NotificationListener({ broker, ...listening, onNotification }).start();
    const raw = all.connect();
    const send = (
      routingKey: string,
      exchange = 'openstack',
      [body, more]: readonly [string | Buffer, MessageProperties?],
    ) => raw.publish({ exchange, routingKey, body: Buffer.from(body), properties: { ...MESSAGE_PROPERTIES, ...more } });
    for (const bad of Object.values(UNREADABLE)) {
      for (const key of ['engine', 'engine.one', 'notifications.info']) await send(key, 'openstack', bad);
    }
    t.is(await client.call(TARGET, 'echo', { x: 1 }, {}, SOON), 1);
    const notifier = new Notifier({ broker, clock, logger: log, exchange: 'openstack', drivers: ['messagingv2'] });
    const NOTIFICATION = { payload: {}, messageId: 'm', timestamp: new Date(0), publisherId: 'p' };
    await notifier.send({ eventType: 'readable', ...NOTIFICATION });
    await eventually(() => heard.length === 1);
    const dropped = (message: string) => lines.filter((line) => line.message === message);
    await eventually(() => dropped('unreadable RPC request dropped').length === 2 * Object.keys(UNREADABLE).length);
    const queues = dropped('unreadable RPC request dropped').map(({ fields }) => fields.queue);
    t.deepEqual([...new Set(queues)], ['engine', 'engine.one']);
    t.is(dropped('unreadable notification dropped').length, Object.keys(UNREADABLE).length);
  },
);

story('requests with keys missing or odd are answered with a failure, NaN is read, nothing dies', async (t, all) => {
  await aServer(all.connect(), 'one', ECHO);
  const broker = all.connect();
  await broker.declareQueue('answers', { durable: false, autoDelete: false });
  const answers = await collect(broker, 'answers');
  const base = requestContent({ method: 'echo', args: {} }, {});
  const odd: readonly Record<string, unknown>[] = [
    {},
    { method: 'echo', args: null },
    { method: 'echo', args: [1] },
    { method: 7, args: {} },
    { method: 'echo', args: {}, version: '1' },
    { method: 'echo', args: {}, version: null },
    { method: 'echo', args: {}, namespace: 3 },
  ];
  for (const [n, content] of odd.entries()) {
    const request = { ...content, _msg_id: `odd${n}`, _reply_q: 'answers', _timeout: null, _unique_id: `odd${n}` };
    await broker.publish({
      exchange: '',
      routingKey: 'engine',
      body: encodeMessage(request),
      properties: MESSAGE_PROPERTIES,
    });
  }
  const text = JSON.stringify({ ...base, args: { x: 0 }, _msg_id: 'nan', _reply_q: 'answers' }).replace(
    '"x":0',
    '"x": [NaN, -Infinity]',
  );
  const body = Buffer.from(JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': text }));
  await broker.publish({ exchange: '', routingKey: 'engine', body, properties: MESSAGE_PROPERTIES });
  await eventually(() => answers.length === odd.length + 1);
  const outcomes = new Map(answers.map(({ _msg_id: id, failure, result }) => [id, failure ?? result]));
  for (const [n, content] of odd.entries()) {
    t.is(typeof outcomes.get(`odd${n}`), 'string', JSON.stringify(content));
  }
  t.deepEqual(outcomes.get('nan'), [null, null]);
});

story('notifications wait for a listener, who gets each once', async (t, all) => {
  const logger = silentLogger;
  const sending = { broker: all.connect(), clock, logger, exchange: 'openstack', drivers: ['messagingv2'] as const };
  const notifier = new Notifier(sending);
  const common = { payload: { n: 1 }, timestamp: new Date(0), publisherId: 'fenix' };
  await Promise.all(
    ['a', 'b', 'c'].map((messageId) => notifier.send({ ...common, eventType: 'maintenance.scheduled', messageId })),
  );
  const heard: (string | null)[] = [];
  const listener = new NotificationListener({
    broker: all.connect(),
    exchange: 'openstack',
    topics: ['notifications'],
    priorities: ['INFO'],
    logger,
    onNotification: async ({ messageId }) => void heard.push(messageId),
  });
  await listener.start();
  await eventually(() => heard.length === 3);
  await listener.stop();
  t.deepEqual(heard.sort(), ['a', 'b', 'c']);
});

story('a queue that others declared otherwise is a clear error, and no listener of ours', async (t, all) => {
  const broker = all.connect();
  await broker.declareQueue('engine', { durable: true, autoDelete: false });
  const error = await t.throwsAsync(aServer(broker, 'one', ECHO), { code: 'precondition-failed' });
  t.regex(error?.message ?? '', /engine/);
  t.regex(error?.message ?? '', /must follow the cloud's/);
  await broker.deleteQueue('engine');
  await aServer(broker, 'one', ECHO);
  t.is(await aClient(broker).call(TARGET, 'echo', { x: 1 }, {}, SOON), 1);
});
