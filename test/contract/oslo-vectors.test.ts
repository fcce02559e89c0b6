import { readdirSync, readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import type { Broker, MessageProperties, OutgoingMessage } from '../../src/messaging/broker.js';
import { decodeMessage } from '../../src/messaging/envelope.js';
import { parseJson } from '../../src/messaging/json.js';
import { MemoryBroker } from '../../src/messaging/memory-broker.js';
import { type Notification, PRIORITIES, type Priority } from '../../src/messaging/notification.js';
import { NotificationListener } from '../../src/messaging/notification-listener.js';
import { Notifier } from '../../src/messaging/notifier.js';
import { RemoteError } from '../../src/messaging/remote-error.js';
import { type CallOptions, RpcClient, type RpcTarget } from '../../src/messaging/rpc-client.js';
import type { RpcEndpoint, RpcMethod } from '../../src/messaging/rpc-dispatcher.js';
import { RpcServer } from '../../src/messaging/rpc-server.js';
import { DEFAULT_TOPOLOGY, type TopologySettings } from '../../src/messaging/topology.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';
import { collect, recording, settled, turnsUntil } from '../support/messaging.js';

/**
 * What Python's oslo.messaging put on the wire (test/fixtures/oslo-vectors), against what we put there, and our reading
 * of it. Compared after decoding all levels; ids, times and tracebacks are each side's own.
 */
interface VectorMessage {
  readonly method: string;
  readonly exchange: string;
  readonly routing_key: string;
  readonly mandatory: boolean;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body_raw: string;
}

const EXCHANGE = 'fenix';
const TOPIC = 'fenix-engine';
const clock = new SystemMachineClock();

const FOLDER = new URL('../../../test/fixtures/oslo-vectors/', import.meta.url);

function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'));
}

function published(name: string): VectorMessage[] {
  const { messages } = fixture<{ messages: VectorMessage[] }>(name);
  return messages.filter(({ method }) => method === 'basic.publish');
}

/** Strings of JSON at any level become what they say; ids, times and tracebacks become a mark. */
function normalized(raw: string): unknown {
  const walk = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') {
      if (/^(_msg_id|_unique_id|_reply_q|message_id|timestamp)$/.test(key)) return `<${key}>`;
      return key === 'oslo.message' || key === 'failure' ? walk(parseJson(value)) : value;
    }
    if (key === 'tb') return '<tb>';
    if (Array.isArray(value)) return value.map((item) => walk(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, name)]));
  };
  return walk(parseJson(raw));
}

function theirs(message: VectorMessage) {
  const { exchange, routing_key, mandatory, properties, headers, body_raw } = message;
  const key = routing_key.replace(/^reply_[0-9a-f]{32}$/, 'reply_*');
  return { exchange, routing_key: key, mandatory, properties, headers, body: normalized(body_raw) };
}

function ours(message: OutgoingMessage) {
  const { contentType, contentEncoding, deliveryMode, priority, expiration, headers } = message.properties;
  return {
    exchange: message.exchange,
    routing_key: message.routingKey.replace(/^reply_[0-9a-f]{32}$/, 'reply_*'),
    mandatory: message.mandatory ?? false,
    properties: {
      content_type: contentType,
      content_encoding: contentEncoding,
      delivery_mode: deliveryMode,
      priority,
      ...(expiration !== undefined && { expiration }),
    },
    headers,
    body: normalized(message.body.toString('utf8')),
  };
}

function toAmqp(message: VectorMessage, body = message.body_raw): OutgoingMessage {
  const { content_type, content_encoding, delivery_mode, priority, expiration } = message.properties;
  const properties = {
    contentType: content_type,
    contentEncoding: content_encoding,
    deliveryMode: delivery_mode,
    priority,
    headers: message.headers,
    ...(expiration !== undefined && { expiration }),
  } as MessageProperties;
  return { exchange: message.exchange, routingKey: message.routing_key, body: Buffer.from(body, 'utf8'), properties };
}

/** Throws what the Python test server's method of that name threw. */
const raising = (className: string, module: string, message: string, kwargs: Record<string, unknown>) => () => {
  throw new RemoteError({ className, module, message, traceback: ['Traceback (most recent call last):\n'], kwargs });
};

/** The Python test server's endpoints, again. */
const endpoints = (
  time = clock as { sleepMs(ms: number): Promise<void> },
  note: RpcMethod = () => undefined,
): RpcEndpoint[] => [
  {
    version: '1.5',
    methods: {
      echo: (args) => {
        if (!('x' in args)) throw new TypeError("Main.echo() missing 1 required positional argument: 'x'");
        return args.x;
      },
      context: (_, context) => context,
      none: () => undefined,
      whoami: () => 'engine1',
      note,
      slow: ({ seconds }) => time.sleepMs(Number(seconds) * 1000).then(() => seconds),
      expected: raising('LookupError', 'builtins', 'expected failure', {}),
      boom: raising('ValueError', 'builtins', 'boom', {}),
      custom: raising('CustomError', 'interop_exc', 'custom failure', { code: 42 }),
    },
  },
  { namespace: 'admin', version: '2.1', methods: { echo: ({ x }) => ({ admin: x }) } },
];

const CALL: CallOptions = { timeoutMs: 60_000 };

interface CallCase {
  readonly method: string;
  readonly args?: Record<string, unknown>;
  readonly target?: Partial<RpcTarget>;
  readonly context?: Record<string, unknown>;
  readonly options?: CallOptions;
  /** Class of the failure that both servers answer with. */
  readonly fails?: string;
}

const CALLS: Readonly<Record<string, CallCase>> = {
  call: { method: 'echo', args: { x: [1, 'é', null, true, 2.5] } },
  'call-context': {
    method: 'context',
    context: { user_id: 'u1', project_id: 'p1', roles: ['admin'], request_id: 'req-1' },
  },
  'call-namespace-version': {
    method: 'echo',
    args: { x: { k: 1 } },
    target: { namespace: 'admin', version: '2.1' },
  },
  'call-server': { method: 'whoami', target: { server: 'engine1' } },
  'call-timeout': { method: 'echo', args: { x: 't' }, options: { timeoutMs: 2500 } },
  'reply-success': { method: 'echo', args: { x: { id: 'b8f1', n: 12345678901234567890n, s: '日本' } } },
  'reply-none': { method: 'none' },
  'reply-failure-expected': { method: 'expected', fails: 'LookupError' },
  'reply-failure-unexpected': { method: 'boom', fails: 'ValueError' },
  'reply-failure-custom': { method: 'custom', fails: 'CustomError' },
  'reply-failure-bad-args': { method: 'echo', fails: 'TypeError' },
  'reply-failure-unsupported-version': {
    method: 'echo',
    args: { x: 1 },
    target: { version: '1.9' },
    fails: 'UnsupportedVersion',
  },
  'reply-failure-unsupported-namespace': {
    method: 'echo',
    args: { x: 1 },
    target: { namespace: 'nope' },
    fails: 'UnsupportedVersion',
  },
  'reply-failure-no-such-method': { method: 'nope', fails: 'NoSuchMethod' },
};

function aClient(broker: Broker): RpcClient {
  return new RpcClient({ broker, exchange: EXCHANGE, clock, logger: silentLogger });
}

async function aServer(broker: Broker, topology?: TopologySettings, note?: RpcMethod): Promise<RpcServer> {
  const common = { broker, exchange: EXCHANGE, clock, logger: silentLogger, ...(topology && { topology }) };
  const server = new RpcServer({ ...common, topic: TOPIC, server: 'engine1', endpoints: endpoints(clock, note) });
  await server.start();
  return server;
}

function invoke(client: RpcClient, { method, args = {}, target, context = {}, options = CALL }: CallCase) {
  return client.call({ topic: TOPIC, ...target }, method, args, context, options);
}

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name}: our request and reply are on the wire what Python's are`, async (t) => {
    const memory = new MemoryBroker();
    const [clientSide, serverSide] = [recording(memory.connect()), recording(memory.connect())];
    await aServer(serverSide);
    await invoke(aClient(clientSide), call).catch(() => undefined);
    const sent = [...clientSide.published, ...serverSide.published].map(ours);
    t.deepEqual(sent as unknown[], published(name).map(theirs) as unknown[]);
  });

  test(`${name}: our server answers Python's request, our client understands Python's reply`, async (t) => {
    const [request, reply] = published(name);
    if (!request || !reply) return t.fail('the vector holds a request and a reply');
    const memory = new MemoryBroker();
    const serverSide = recording(memory.connect());
    const server = await aServer(serverSide);
    await serverSide.publish(toAmqp(request));
    await turnsUntil(() => serverSide.published.length === 2);
    t.deepEqual(ours(serverSide.published[1] as OutgoingMessage), theirs(reply) as never);
    await server.stop();

    await answerLikePython(memory.connect(), request.routing_key, reply);
    const answered = invoke(aClient(memory.connect()), call);
    if (call.fails === undefined) {
      const { result } = decodeMessage(toAmqp(reply));
      t.deepEqual(await answered, result);
    } else {
      const error = await t.throwsAsync(answered, { instanceOf: RemoteError });
      t.is(error?.remote.className, call.fails);
      t.true((error?.remote.traceback.length ?? 0) > 1);
    }
  });
}

/** Answers requests to `queue` with the bytes of Python's reply. */
async function answerLikePython(broker: Broker, queue: string, reply: VectorMessage): Promise<void> {
  await broker.consume(queue, (delivery) => {
    delivery.ack();
    void broker.publish(addressed(reply, decodeMessage(delivery)));
  });
}

/** Python's reply, as if it were for this request. */
function addressed(reply: VectorMessage, { _msg_id, _reply_q }: Record<string, unknown>): OutgoingMessage {
  const theirId = String(decodeMessage(toAmqp(reply))._msg_id);
  const body = reply.body_raw.replace(theirId, String(_msg_id));
  return { ...toAmqp(reply, body), routingKey: String(_reply_q) };
}

const CASTS: Readonly<Record<string, (client: RpcClient) => Promise<void>>> = {
  cast: (client) => client.cast({ topic: TOPIC }, 'note', { x: 1 }, {}),
  'cast-version-server': (client) =>
    client.cast({ topic: TOPIC, server: 'engine1', version: '1.2' }, 'note', { x: 2 }, {}),
  'fanout-cast': (client) => client.fanout({ topic: TOPIC }, 'note', { x: 3 }, {}),
};

for (const [name, cast] of Object.entries(CASTS)) {
  test(`${name}: ours is on the wire what Python's is, and our server carries out Python's`, async (t) => {
    const memory = new MemoryBroker();
    const broker = recording(memory.connect());
    const noted: unknown[] = [];
    const server = await aServer(memory.connect(), undefined, ({ x }) => void noted.push(x));
    await cast(aClient(broker));
    t.deepEqual(broker.published.map(ours) as unknown[], published(name).map(theirs) as unknown[]);
    for (const message of published(name)) await broker.publish(toAmqp(message));
    await turnsUntil(() => noted.length === 2);
    t.is(noted[0], noted[1]);
    await server.stop();
  });
}

test('a mandatory call to a server that does not exist goes out and comes back as in the vector', async (t) => {
  const broker = recording(new MemoryBroker().connect());
  const target = { topic: TOPIC, server: 'nobody' };
  const call = aClient(broker).call(target, 'echo', { x: 1 }, {}, { timeoutMs: 5000, mandatory: true });
  const error = await t.throwsAsync(call, { instanceOf: FenixError, code: 'unroutable' });
  t.deepEqual(broker.published.map(ours) as unknown[], published('mandatory-return').map(theirs) as unknown[]);
  const { messages } = fixture<{ messages: { method: string; reply_code?: number }[] }>('mandatory-return');
  const returned = messages.find(({ method }) => method === 'basic.return');
  t.is(error?.status, returned?.reply_code);
});

test("heartbeats come when and as Python's do", async (t) => {
  const time = new ManualMachineClock();
  const memory = new MemoryBroker({ clock: time });
  const [clientSide, serverSide] = [recording(memory.connect()), recording(memory.connect())];
  const common = { exchange: EXCHANGE, clock: time, logger: silentLogger };
  const server = { broker: serverSide, topic: TOPIC, server: 'engine1', endpoints: endpoints(time) };
  await new RpcServer({ ...common, ...server }).start();
  const client = new RpcClient({ ...common, broker: clientSide });
  const options = { timeoutMs: 20_000, monitorTimeoutS: 2 };
  const call = client.call({ topic: TOPIC }, 'slow', { seconds: 3.5 }, {}, options);
  for (let half = 0; half < 7; half += 1) {
    await settled();
    time.advanceMs(500);
  }
  t.is(await call, 3.5);
  const sent = [...clientSide.published, ...serverSide.published].map(ours);
  t.deepEqual(sent as unknown[], published('heartbeat-reply').map(theirs) as unknown[]);
});

test("Python's heartbeats keep our call alive until Python's reply", async (t) => {
  const time = new ManualMachineClock();
  const memory = new MemoryBroker({ clock: time });
  const [request, ...replies] = published('heartbeat-reply');
  if (!request) return t.fail('the vector holds a request');
  await aServer(memory.connect()).then((server) => server.stop()); // what it declared stays
  const broker = memory.connect();
  const requests = await collect(broker, request.routing_key);
  const client = new RpcClient({ broker: memory.connect(), exchange: EXCHANGE, clock: time, logger: silentLogger });
  const call = client.call({ topic: TOPIC }, 'slow', {}, {}, { timeoutMs: 20_000, monitorTimeoutS: 2 });
  await settled();
  for (const reply of replies) {
    time.advanceMs(1500);
    await broker.publish(addressed(reply, requests[0] ?? {}));
    await settled();
  }
  t.is(await call, 3.5);
  t.is(replies.length, 4);
});

interface NotificationCase {
  readonly driver: 'messaging' | 'messagingv2';
  readonly priority: Priority;
  readonly payload: Record<string, unknown>;
  readonly eventType: string;
  readonly context?: Record<string, unknown>;
}

const CONTEXT = { user_id: 'u1', project_id: 'p1', request_id: 'req-1', auth_token: 'SECRET', roles: ['admin'] };
const CREATE_END = { eventType: 'compute.create.end', priority: 'INFO' } as const;
const CREATE_ERROR = { eventType: 'compute.create.error', priority: 'ERROR', payload: { reason: 'no host' } } as const;
const NOTIFICATIONS: Readonly<Record<string, NotificationCase>> = {
  'notification-v2-info': {
    ...CREATE_END,
    driver: 'messagingv2',
    payload: { instance_id: 12, name: 'vm-é' },
    context: CONTEXT,
  },
  'notification-v2-error': { ...CREATE_ERROR, driver: 'messagingv2' },
  'notification-v1-info': {
    ...CREATE_END,
    driver: 'messaging',
    payload: { instance_id: 12 },
    context: { user_id: 'u1' },
  },
  'notification-v1-error': { ...CREATE_ERROR, driver: 'messaging' },
};

function aNotifier(broker: Broker, driver: NotificationCase['driver'], topology?: TopologySettings): Notifier {
  const common = { broker, exchange: EXCHANGE, clock, logger: silentLogger, ...(topology && { topology }) };
  return new Notifier({ ...common, drivers: [driver] });
}

const identity = { messageId: 'm', timestamp: new Date(0), publisherId: 'interop.pyhost' };

for (const [name, { driver, ...notification }] of Object.entries(NOTIFICATIONS)) {
  test(`${name}: ours is Python's, but for what must not leave and for being mandatory`, async (t) => {
    const broker = recording(new MemoryBroker().connect());
    await aNotifier(broker, driver).send({ ...identity, ...notification });
    const [expected] = published(name).map(theirs);
    const body = JSON.stringify(expected?.body).replace('"_context_project_id":"p1",', '');
    t.deepEqual(broker.published.map(ours) as unknown[], [{ ...expected, mandatory: true, body: JSON.parse(body) }]);
  });

  test(`${name}: our listener reads Python's`, async (t) => {
    const broker = new MemoryBroker().connect();
    const seen: Notification[] = [];
    await aListener(broker, (notification) => void seen.push(notification));
    for (const message of published(name)) await broker.publish(toAmqp(message));
    await settled();
    const { eventType, payload, priority } = notification;
    t.like(seen[0], { eventType, payload, priority, publisherId: 'interop.pyhost' });
    t.regex(seen[0]?.timestamp ?? '', /^2026-11-22 07:36:1\d\.\d{6}$/);
    t.is(seen.length, 1);
  });
}

async function aListener(
  broker: Broker,
  onNotification: (notification: Notification) => void,
  more: { pool?: string; topology?: TopologySettings } = {},
): Promise<void> {
  const common = { broker, exchange: EXCHANGE, topics: ['notifications'], priorities: PRIORITIES };
  await new NotificationListener({ ...common, onNotification, logger: silentLogger, ...more }).start();
}

interface Method {
  readonly dir: string;
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
}

const DECLARING = ['exchange.declare', 'queue.declare', 'queue.bind', 'basic.consume'];
const KEYS = ['exchange', 'type', 'queue', 'durable', 'auto_delete', 'arguments', 'routing_key'];

/** Declarations of a vector or of ours in one form; a repeated one counts once, as the broker sees no difference. */
function declarations(operations: readonly { op: string; args: Readonly<Record<string, unknown>> }[]): string[] {
  const lines = operations.map(({ op, args }) => {
    const shown = KEYS.filter((key) => key in args && !(key === 'arguments' && op !== 'queue.declare'));
    const text = JSON.stringify(shown.map((key) => [key, args[key]]));
    return `${op} ${text.replaceAll(/(reply|fanout)_[0-9a-f]{32}/g, '$1_*')}`;
  });
  return [...new Set(lines)];
}

function declaredBy(list: string): string[] {
  const methods = fixture<Record<string, Method[]>>('amqp-methods')[list] ?? [];
  const sent = methods.filter(({ dir, method }) => dir === 'c>s' && DECLARING.includes(method));
  return declarations(sent.map(({ method, args }) => ({ op: method, args })));
}

test("a server, a first call, a first notification and listeners declare in Python's order, with its options", async (t) => {
  const memory = new MemoryBroker();
  const by = async (work: (broker: Broker) => Promise<unknown>): Promise<string[]> => {
    const broker = recording(memory.connect());
    await work(broker);
    return declarations(broker.operations);
  };
  t.deepEqual(await by(aServer), declaredBy('rpc_server_start'));
  t.deepEqual(await by((broker) => invoke(aClient(broker), { method: 'none' })), declaredBy('rpc_client_first_call'));
  const notified = await by((broker) => aNotifier(broker, 'messagingv2').send({ ...identity, ...CREATE_ERROR }));
  t.deepEqual(
    notified,
    declaredBy('notifier_first_send').map((line) => line.replaceAll('.info', '.error')),
  );

  // Python walks its priorities in no certain order.
  const listening = await by((broker) => aListener(broker, () => undefined));
  t.deepEqual(listening.sort(), declaredBy('notification_listener_start').sort());
  const pooled = await by((broker) => aListener(broker, () => undefined, { pool: 'workers' }));
  t.deepEqual(pooled.sort(), declaredBy('notification_listener_pool_start').sort());
});

interface Listing {
  readonly transport_url_query: string;
  readonly exchanges: readonly { name: string; type: string; durable: boolean; auto_delete: boolean }[];
  readonly queues: readonly {
    name: string;
    durable: boolean;
    auto_delete: boolean;
    arguments: readonly (readonly [string, string, unknown])[];
  }[];
  readonly bindings: readonly { source_name: string; destination_name: string; routing_key: string }[];
}

const TOPOLOGIES: Readonly<Record<string, Partial<TopologySettings>>> = {
  default: {},
  durable: { durableQueues: true },
  quorum: { quorum: { deliveryLimit: 5 } },
  autodelete: { autoDelete: true },
  ha: { mirrored: true, transientQueuesTtlS: 600 },
};

const byName = (lines: unknown[]): string[] =>
  lines.map((line) => JSON.stringify(line).replaceAll(/(reply|fanout)_[0-9a-f]{32}/g, '$1_*')).sort();

for (const [name, settings] of Object.entries(TOPOLOGIES)) {
  test(`with the options of '${name}' the broker holds what Python's peers make there`, async (t) => {
    const memory = new MemoryBroker();
    await fillBroker(t, memory, { ...DEFAULT_TOPOLOGY, ...settings });
    const { exchanges, queues, bindings } = memory.topology();
    const listing = fixture<Record<string, Listing>>('topology')[name] as Listing;
    t.deepEqual(
      byName(exchanges.map((e) => [e.name, e.type, e.durable, e.autoDelete])),
      byName(listing.exchanges.map((e) => [e.name, e.type, e.durable, e.auto_delete])),
    );
    t.deepEqual(
      byName(queues.map((q) => [q.name, q.options.durable, q.options.autoDelete, entries(q.options.arguments ?? {})])),
      byName(listing.queues.map((q) => [q.name, q.durable, q.auto_delete, entries(fromListing(q.arguments))])),
    );
    t.deepEqual(
      byName(bindings.map((b) => [b.exchange, b.queue, b.routingKey])),
      byName(
        listing.bindings
          .filter(({ source_name }) => source_name !== '')
          .map((b) => [b.source_name, b.destination_name, b.routing_key]),
      ),
    );
  });
}

const entries = (record: Readonly<Record<string, unknown>>): unknown[] => Object.entries(record).sort();
const fromListing = (args: readonly (readonly [string, string, unknown])[]): Record<string, unknown> =>
  Object.fromEntries(args.map(([key, , value]) => [key, value]));

/** As the listings were made: a server, a client, a pooled and a plain listener, a notifier. */
async function fillBroker(t: ExecutionContext, memory: MemoryBroker, topology: TopologySettings): Promise<void> {
  const broker = memory.connect();
  await aServer(broker, topology);
  const client = new RpcClient({ broker, exchange: EXCHANGE, clock, logger: silentLogger, topology });
  t.is(await client.call({ topic: TOPIC }, 'whoami', {}, {}, CALL), 'engine1');
  await aListener(broker, () => undefined, { topology, pool: 'workers' });
  await aListener(broker, () => undefined, { topology });
  await aNotifier(broker, 'messagingv2', topology).send({ ...identity, ...CREATE_ERROR });
}

test('every vector of the folder is held by a test', (t) => {
  const listings = ['amqp-methods', 'topology'];
  const single = ['mandatory-return', 'heartbeat-reply'];
  const held = [CALLS, CASTS, NOTIFICATIONS].flatMap((cases) => Object.keys(cases));
  const files = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));
  t.deepEqual(files.sort(), [...held, ...single, ...listings].sort());
  t.deepEqual(Object.keys(fixture<object>('topology')).sort(), ['about', ...Object.keys(TOPOLOGIES)].sort());
});
