import test, { type ExecutionContext } from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { type Logger, silentLogger } from '../../src/common/logger.js';
import type { Broker } from '../../src/messaging/broker.js';
import { unconfirmed } from '../../src/messaging/broker-errors.js';
import { MemoryBroker } from '../../src/messaging/memory-broker.js';
import type { Notification } from '../../src/messaging/notification.js';
import { NotificationListener, type NotificationListenerOptions } from '../../src/messaging/notification-listener.js';
import { type NotificationDriver, Notifier, type NotifierOptions } from '../../src/messaging/notifier.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';
import { aMessage, settled } from '../support/messaging.js';

const NOTIFICATION = {
  eventType: 'maintenance.session',
  payload: { service: 'fenix', percent_done: 3, list: ['a'] },
  messageId: '85e81b34-ca5a-495a-b898-bb8fc9718346',
  timestamp: new Date('2026-01-01T09:59:20Z'),
  publisherId: 'fenix',
};

function aNotifier(broker: Broker, more: Partial<NotifierOptions> = {}): Notifier {
  const drivers: readonly NotificationDriver[] = ['messaging'];
  const clock = new SystemMachineClock();
  return new Notifier({ broker, exchange: 'openstack', drivers, clock, logger: silentLogger, ...more });
}

async function aListener(
  t: ExecutionContext,
  broker: Broker,
  more: Partial<NotificationListenerOptions> = {},
): Promise<{ seen: Notification[]; listener: NotificationListener }> {
  const seen: Notification[] = [];
  const listener = new NotificationListener({
    broker,
    exchange: 'openstack',
    topics: ['notifications'],
    priorities: ['INFO'],
    onNotification: (notification) => void seen.push(notification),
    logger: silentLogger,
    ...more,
  });
  await listener.start();
  t.teardown(() => listener.stop());
  return { seen, listener };
}

test('a notification waits in the shared queue until somebody listens, with or without envelope', async (t) => {
  const memory = new MemoryBroker();
  for (const driver of ['messaging', 'messagingv2'] as const) {
    await aNotifier(memory.connect(), { drivers: [driver] }).send(NOTIFICATION);
  }
  t.deepEqual(memory.topology().queues, [
    { name: 'notifications.info', options: { durable: false, autoDelete: false, arguments: {} }, messages: 2 },
  ]);
  const { seen } = await aListener(t, memory.connect());
  await settled();
  const expected = {
    eventType: 'maintenance.session',
    payload: NOTIFICATION.payload,
    messageId: NOTIFICATION.messageId,
    timestamp: '2026-01-01 09:59:20.000000',
    publisherId: 'fenix',
    priority: 'INFO',
    context: {},
  };
  t.deepEqual(seen, [expected, expected] as Notification[]);
});

test('neither project nor token leave with the context', async (t) => {
  const memory = new MemoryBroker();
  const context = {
    request_id: 'req-1',
    user_id: 'u',
    project_id: 'p',
    tenant: 'p',
    auth_token: 'SECRET',
    roles: ['r'],
  };
  await aNotifier(memory.connect()).send({ ...NOTIFICATION, context });
  const { seen } = await aListener(t, memory.connect());
  await settled();
  t.deepEqual(seen[0]?.context, { request_id: 'req-1', user_id: 'u', roles: ['r'] });
});

test('each topic gets its copy under its priority', async (t) => {
  const memory = new MemoryBroker();
  const notifier = aNotifier(memory.connect(), { topics: ['notifications', 'audit'] });
  await notifier.send({ ...NOTIFICATION, priority: 'ERROR' });
  const queues = memory.topology().queues.map(({ name, messages }) => [name, messages]);
  t.deepEqual(queues, [
    ['notifications.error', 1],
    ['audit.error', 1],
  ]);
});

test('the log driver writes to the log, noop and no driver write nowhere', async (t) => {
  const memory = new MemoryBroker();
  const lines: object[] = [];
  const logger: Logger = { ...silentLogger, info: (fields) => void lines.push(fields) };
  for (const drivers of [['noop'], [], ['log']] as NotificationDriver[][]) {
    await aNotifier(memory.connect(), { drivers, logger }).send(NOTIFICATION);
  }
  t.is(lines.length, 1);
  t.like(lines[0], { notification: { event_type: 'maintenance.session' } });
  t.deepEqual(memory.topology().queues, []);
});

test('several drivers send each in its form, and a refusal after the first one leaves the outcome in doubt', async (t) => {
  const memory = new MemoryBroker();
  const broker = memory.connect();
  const lines: object[] = [];
  const logger: Logger = { ...silentLogger, info: (fields) => void lines.push(fields) };
  const drivers = ['messaging', 'log', 'noop', 'messagingv2'] as const;
  await aNotifier(broker, { drivers, logger }).send(NOTIFICATION);
  const { seen } = await aListener(t, memory.connect());
  await settled();
  t.is(seen.length, 1, 'the other one has the same _unique_id');
  t.is(lines.length, 1);

  await broker.declareQueue('audit.info', { durable: true, autoDelete: false });
  const topics = (...names: string[]) => aNotifier(broker, { topics: names }).send(NOTIFICATION);
  const half = await t.throwsAsync(topics('notifications', 'audit'), { code: 'precondition-failed' });
  t.true((half as FenixError).inDoubt);
  const none = await t.throwsAsync(topics('audit', 'notifications'), { code: 'precondition-failed' });
  t.false((none as FenixError).inDoubt);
});

test('a queue that an operator deleted is declared again, nothing vanishes', async (t) => {
  const memory = new MemoryBroker();
  const broker = memory.connect();
  const notifier = aNotifier(broker);
  await notifier.send(NOTIFICATION);
  await broker.deleteQueue('notifications.info');
  await notifier.send(NOTIFICATION);
  t.is(memory.topology().queues[0]?.messages, 1);
});

test('a queue that the cloud declared otherwise is an error that says so', async (t) => {
  const broker = new MemoryBroker().connect();
  await broker.declareQueue('notifications.info', { durable: true, autoDelete: false });
  const notifier = aNotifier(broker);
  const error = await t.throwsAsync(notifier.send(NOTIFICATION), { code: 'precondition-failed' });
  t.like(error, { kind: 'terminal', inDoubt: false, status: 406 });
  await broker.deleteQueue('notifications.info');
  await t.notThrowsAsync(notifier.send(NOTIFICATION), 'a failed declaration is not remembered');
});

test('a broker that does not confirm ends in a time-out, in doubt once the message had left', async (t) => {
  const clock = new ManualMachineClock();
  const never = () => new Promise<never>(() => undefined);
  const publish: Broker['publish'] = (_, { signal } = {}) =>
    new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(unconfirmed('deaf'))));
  const deaf: Broker = { ...declaring, publish };
  for (const [broker, inDoubt] of [
    [deaf, true],
    [{ ...deaf, declareQueue: never }, false],
  ] as const) {
    const sending = aNotifier(broker, { clock, publishTimeoutMs: 500 }).send(NOTIFICATION);
    await settled();
    clock.advanceMs(500);
    const error = await t.throwsAsync(sending, { code: 'publish-timeout' });
    t.is((error as FenixError | undefined)?.inDoubt, inDoubt);
  }
});

const declaring: Broker = {
  trouble: undefined,
  declareExchange: async () => undefined,
  declareQueue: async () => undefined,
  bindQueue: async () => undefined,
  deleteQueue: async () => undefined,
  publish: async () => undefined,
  consume: async () => ({ cancel: async () => undefined }),
  close: async () => undefined,
};

test('an unconfirmed notification is reported as in doubt although it arrived', async (t) => {
  const memory = new MemoryBroker({ faults: { seed: 1, unconfirmed: 1 } });
  const error = await t.throwsAsync(aNotifier(memory.connect()).send(NOTIFICATION), { instanceOf: FenixError });
  t.true(error?.inDoubt);
  t.is(memory.topology().queues[0]?.messages, 1);
});

test('a notification is acknowledged after its handler: a listener that dies before leaves it to the next', async (t) => {
  const memory = new MemoryBroker();
  const dying = memory.connect();
  const begun: Notification[] = [];
  let end: () => void = () => undefined;
  await aListener(t, dying, {
    onNotification: (notification) => {
      begun.push(notification);
      return new Promise<void>((resolve) => (end = resolve));
    },
  });
  t.teardown(() => end());
  await aNotifier(memory.connect()).send(NOTIFICATION);
  await settled();
  t.is(begun.length, 1);
  await dying.close();
  const { seen } = await aListener(t, memory.connect());
  await settled();
  t.is(seen.length, 1);
});

test('a handler that throws loses the notification by default, or gets it again', async (t) => {
  for (const [requeueOnError, times] of [
    [false, 1],
    [true, 2],
  ] as const) {
    const memory = new MemoryBroker();
    let calls = 0;
    await aListener(t, memory.connect(), {
      requeueOnError,
      onNotification: () => {
        calls += 1;
        if (calls === 1) throw new Error('not yet');
      },
    });
    await aNotifier(memory.connect()).send(NOTIFICATION);
    await settled();
    t.is(calls, times);
    t.is(memory.topology().queues[0]?.messages, 0);
  }
});

test('a pool gets every notification once and shares them among its members', async (t) => {
  const memory = new MemoryBroker();
  const [first, second] = [
    await aListener(t, memory.connect(), { pool: 'workers' }),
    await aListener(t, memory.connect(), { pool: 'workers' }),
  ];
  const { seen: everything } = await aListener(t, memory.connect());
  const notifier = aNotifier(memory.connect());
  for (let n = 0; n < 4; n += 1) await notifier.send(NOTIFICATION);
  await settled();
  t.deepEqual([first.seen.length, second.seen.length, everything.length], [2, 2, 4]);
});

test('doubled, unreadable, unknown and unwanted ones are dropped without harm', async (t) => {
  const memory = new MemoryBroker({ faults: { seed: 1, duplicates: 1 } });
  const broker = memory.connect();
  const { seen } = await aListener(t, broker);
  await broker.publish(aMessage('notifications.info', { event_type: 'e', priority: 'nonsense' }));
  await broker.publish(aMessage('notifications.info', { event_type: 'e', priority: 'ERROR' }));
  await broker.publish(aMessage('notifications.info', {}, { body: Buffer.from('{') }));
  await broker.publish(aMessage('notifications.info', { event_type: 'e', priority: 'info', _unique_id: 'u' }));
  await settled();
  const bare = { eventType: 'e', payload: null, messageId: null, timestamp: null, publisherId: null, context: {} };
  t.deepEqual(seen, [{ ...bare, priority: 'INFO' }] as Notification[]);
  t.is(memory.topology().queues[0]?.messages, 0);
});

test('stop waits for the handler that runs and gives back the rest', async (t) => {
  const memory = new MemoryBroker();
  let finish: () => void = () => undefined;
  let begun = 0;
  const { listener } = await aListener(t, memory.connect(), {
    onNotification: () => {
      begun += 1;
      return new Promise((resolve) => (finish = resolve));
    },
  });
  const notifier = aNotifier(memory.connect());
  await notifier.send(NOTIFICATION);
  await notifier.send(NOTIFICATION);
  await settled();
  const stopped = listener.stop();
  await settled();
  finish();
  await stopped;
  t.is(begun, 1);
  t.is(memory.topology().queues[0]?.messages, 1);
});

test('what timed out before it left does not leave later', async (t) => {
  const broker = new MemoryBroker().connect();
  const clock = new ManualMachineClock();
  let declare = (): void => undefined;
  const slow: Broker = Object.assign(Object.create(broker), {
    declareExchange: async (...args: Parameters<Broker['declareExchange']>) => {
      await new Promise<void>((resolve) => {
        declare = resolve;
      });
      return broker.declareExchange(...args);
    },
    publish: async () => t.fail('published after all'),
  });
  const sending = aNotifier(slow, { clock, publishTimeoutMs: 100 }).send(NOTIFICATION);
  const refused = t.throwsAsync(sending, { instanceOf: FenixError, code: 'publish-timeout' });
  await settled();
  clock.advanceMs(100);
  t.false((await refused)?.inDoubt);
  declare();
  await settled();
});
