import test, { type ExecutionContext } from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { type Logger, silentLogger } from '../../src/common/logger.js';
import { KeystoneSession } from '../../src/keystone-auth-middleware/index.js';
import type { Broker } from '../../src/messaging/broker.js';
import { decodeMessage, encodeMessage } from '../../src/messaging/envelope.js';
import { EventualServer } from '../../src/messaging/eventual-server.js';
import { newHexId } from '../../src/messaging/ids.js';
import { RpcClient } from '../../src/messaging/rpc-client.js';
import type { RpcMethod } from '../../src/messaging/rpc-dispatcher.js';
import { RpcServer } from '../../src/messaging/rpc-server.js';
import type { Transport } from '../../src/messaging/transport.js';
import { EngineApi } from '../../src/rpc/engine-api.js';
import { serveEngineApi } from '../../src/rpc/engine-server.js';
import { type LogLine, logInto } from '../support/api-log.js';
import { eventually } from '../support/eventually.js';
import { aDatabase, installed } from '../support/installation.js';
import { aMessage } from '../support/messaging.js';
import { asEnvironment, Program } from '../support/program.js';
import {
  connectTo,
  freePorts,
  IMPATIENT,
  type OwnRabbit,
  rabbitUrl,
  startRabbit,
} from '../support/services/rabbitmq.js';

const clock = new SystemMachineClock();
const EXCHANGE = 'openstack';
const SOON = { timeoutMs: 50_000 };

/** One for the whole file, as each test leaves it running. */
let rabbit: OwnRabbit;
const story = rabbitUrl === undefined ? test.skip : test.serial;

if (rabbitUrl !== undefined) {
  test.before(async () => {
    rabbit = await startRabbit();
  });
  test.after.always(() => rabbit?.stop());
}

const open = (t: ExecutionContext, logger: Logger = silentLogger, url = rabbit.url): Transport =>
  connectTo(t, `${url}?${IMPATIENT}`, logger);

const aClient = (transport: Transport): RpcClient =>
  new RpcClient({ ...transport, exchange: EXCHANGE, clock, logger: silentLogger });

function aServer(transport: Transport, topic: string, methods: Record<string, RpcMethod>): RpcServer {
  const endpoints = [{ version: '1.0', methods }];
  const options = { ...transport, exchange: EXCHANGE, clock, logger: silentLogger };
  return new RpcServer({ ...options, topic, server: 'one', endpoints });
}

/** Counts executions by what was asked. */
function counting() {
  const runs = new Map<unknown, number>();
  const count = ({ x }: Readonly<Record<string, unknown>>): unknown => {
    runs.set(x, (runs.get(x) ?? 0) + 1);
    return x;
  };
  return { runs, doubled: () => [...runs.values()].filter((times) => times > 1).length, methods: { count } };
}

type Outcome = 'answered' | 'timed out';

/** `n` calls, 16 at a time; `onQuarter` when a quarter of them is through. Anything but answer or time-out is an error. */
async function load(n: number, call: (x: number) => Promise<unknown>, onQuarter: () => Promise<unknown>) {
  const outcomes: Outcome[] = [];
  let next = 0;
  let fault: Promise<unknown> | undefined;
  const lane = async (): Promise<void> => {
    while (next < n) {
      const x = next++;
      if (x >= n / 4) fault ??= onQuarter();
      outcomes.push(await outcomeOf(call(x), x));
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  await fault;
  return { answered: outcomes.filter((outcome) => outcome === 'answered').length, all: outcomes.length };
}

async function outcomeOf(call: Promise<unknown>, x: unknown): Promise<Outcome> {
  try {
    if ((await call) === x) return 'answered';
  } catch (thrown) {
    if (thrown instanceof FenixError && thrown.code === 'rpc-timeout') return 'timed out';
    throw thrown;
  }
  throw new Error('the answer to something else');
}

story(
  'a broker that is stopped and started under load: each call is answered or times out, none runs twice',
  async (t) => {
    const { methods, doubled } = counting();
    await aServer(open(t), 'restarted', methods).start();
    const client = aClient(open(t));
    const call = (x: number) => client.call({ topic: 'restarted' }, 'count', { x }, {}, { timeoutMs: 12_000 });
    const { answered, all } = await load(500, call, async () => {
      await rabbit.halt('SIGKILL');
      await rabbit.resume();
    });
    t.is(all, 500);
    // What was with the broker died with it; the rest waited for it to come back, as far as there was time.
    t.true(answered >= 500 - 4 * 16, `${answered}`);
    t.is(doubled(), 0);
  },
);

/** Every request is sent once more as another one, as a client of a client might. */
function doubling(broker: Broker): Broker {
  const again: Broker['publish'] = (message, options) => {
    const content = { ...decodeMessage(message), _unique_id: newHexId() };
    return broker.publish({ ...message, body: encodeMessage(content) }, options);
  };
  const publish: Broker['publish'] = async (...sent) =>
    void (await Promise.all([broker.publish(...sent), again(...sent)]));
  return Object.assign(Object.create(broker) as Broker, { publish });
}

story(
  'connections closed by an operator under load lose no call, and what the engine offers may arrive twice',
  async (t) => {
    const woken = new Map<string, number>();
    const wake = (sessionId: string): void => void woken.set(sessionId, (woken.get(sessionId) ?? 0) + 1);
    const ping = () => ({ engineId: 'engine', version: '1' });
    const options = { ...open(t), exchange: EXCHANGE, clock, logger: silentLogger };
    await serveEngineApi({ ...options, topic: 'doubled', server: 'one' }, { wake, ping }).start();
    const client = aClient({ ...open(t), broker: doubling(open(t).broker) });
    const api = new EngineApi({ client, logger: silentLogger, topic: 'doubled', callTimeoutMs: SOON.timeoutMs });
    const call = async (x: number): Promise<unknown> => {
      await api.wake(`session${x}`);
      const { engineId } = await api.ping();
      return engineId === 'engine' ? x : undefined;
    };
    const { answered } = await load(500, call, () => rabbit.control('close_all_connections', 'an operator'));
    t.is(answered, 500);
    await eventually(() => woken.size === 500, 'every session is woken');
    t.true([...woken.values()].some((times) => times > 1));
  },
);

for (const [which, queue] of [
  ['reply queue', /^reply_/],
  ['topic queue', /^deleted$/],
  ["server's own queue", /^deleted\.one$/],
] as const) {
  story(`a ${which} that an operator deletes is back at once, with its consumer`, async (t) => {
    const { methods } = counting();
    await aServer(open(t), 'deleted', methods).start();
    const client = aClient(open(t));
    const call = (x: number, server?: string) =>
      client.call({ topic: 'deleted', ...(server && { server }) }, 'count', { x }, {}, SOON);
    t.is(await call(1), 1);
    const consumed = async (): Promise<string[]> => {
      const lines = (await rabbit.control('list_queues', 'name', 'consumers'))
        .split('\n')
        .map((line) => line.split('\t'));
      return lines.flatMap(([name = '', consumers]) => (queue.test(name) && Number(consumers) > 0 ? [name] : []));
    };
    const found = await consumed();
    t.is(found.length, 1);
    await rabbit.control('delete_queue', String(found[0]));
    // Whatever is published before it is back, the broker drops.
    await eventually(async () => (await consumed()).includes(String(found[0])), 'the queue with its consumer', 50);
    t.deepEqual(await Promise.all([call(2), call(3), call(4, 'one')]), [2, 3, 4]);
  });
}

story('three of four hosts are dead: the fourth is found', async (t) => {
  const lines: LogLine[] = [];
  const [, credentials = '', host = ''] = /^rabbit:\/\/(.*)@(.*)\/$/.exec(rabbit.url) ?? [];
  const dead = [1, 2, 3].map((port) => `u:p@127.0.0.1:${port}`);
  const url = `rabbit://${[...dead, `${credentials}@${host}`].join(',')}/`;
  const { methods } = counting();
  await aServer(open(t), 'found', methods).start();
  const client = aClient(
    open(
      t,
      logInto((line) => lines.push(line)),
      url,
    ),
  );
  t.is(await client.call({ topic: 'found' }, 'count', { x: 1 }, {}, SOON), 1);
  // A round of attempts that succeeds in the end is nothing to speak of.
  t.deepEqual(
    [...new Set(lines.filter(({ level }) => level !== 'debug').map(({ message }) => message))],
    ['connected to RabbitMQ'],
  );
});

story(
  'with its memory used up the broker takes nothing: calls end in their time, nothing is delivered twice',
  async (t) => {
    const { methods, runs, doubled } = counting();
    await aServer(open(t), 'blocked', methods).start();
    const transport = open(t);
    const { broker } = transport;
    const client = aClient(transport);
    const call = (x: string, timeoutMs: number) => client.call({ topic: 'blocked' }, 'count', { x }, {}, { timeoutMs });
    const inVain = async (...names: string[]): Promise<void> => {
      const begun = performance.now();
      await Promise.all(names.map((x) => t.throwsAsync(call(x, 3000), { code: 'rpc-timeout' })));
      const took = performance.now() - begun;
      t.true(took >= 2990 && took < 4500, `${took}`);
    };
    t.is(await call('before', 10_000), 'before');
    await rabbit.control('set_vm_memory_high_watermark', '0.00001');
    const begun = performance.now();
    const patient = call('patient', 60_000);
    await inVain('left 1', 'left 2');
    t.regex(broker.trouble ?? '', /takes nothing at present/);
    await inVain('waited 1', 'waited 2');
    const ended = broker.publish(aMessage('blocked', {}), { signal: AbortSignal.timeout(500) });
    await t.throwsAsync(ended, { code: 'unsent', message: /takes nothing at present/ });
    await clock.sleepMs(10_000 - (performance.now() - begun));
    t.deepEqual([...runs.keys()], ['before']);
    await rabbit.control('set_vm_memory_high_watermark', '0.4');
    t.is(await patient, 'patient');
    t.is(await call('after', 10_000), 'after');
    t.is(broker.trouble, undefined);
    // What had left may run late, but once; what had to wait does not leave when nobody waits for it any more.
    t.is(doubled(), 0);
    t.false(runs.has('waited 1') || runs.has('waited 2'));
  },
);

story('without a broker everything starts, says so once, and works when it comes', async (t) => {
  const lines: LogLine[] = [];
  await rabbit.halt('SIGTERM');
  const transport = open(
    t,
    logInto((line) => lines.push(line)),
  );
  const { methods } = counting();
  const server = new EventualServer(aServer(transport, 'eventual', methods), clock, silentLogger);
  t.teardown(() => server.stop());
  await server.start();
  const client = aClient(transport);
  await t.throwsAsync(client.call({ topic: 'eventual' }, 'count', { x: 1 }, {}, { timeoutMs: 50 }), {
    code: 'rpc-timeout',
  });
  const waiting = client.call({ topic: 'eventual' }, 'count', { x: 2 }, {}, SOON);
  const said = (level: LogLine['level']) => lines.filter((line) => line.level === level);
  await eventually(() => said('debug').length > 8, 'several attempts');
  t.regex(transport.broker.trouble ?? '', /no connection to RabbitMQ .*ECONNREFUSED/);
  t.deepEqual(
    said('warn').map(({ message }) => message),
    ['RabbitMQ cannot be reached; attempts go on'],
  );
  await rabbit.resume();
  t.is(await waiting, 2);
  t.is(said('warn').length, 1);
  t.is(transport.broker.trouble, undefined);
});

story('a session runs to its end through processes and RabbitMQ, although that is away for a part of it', async (t) => {
  const [port] = await freePorts(1);
  const publicUrl = `http://127.0.0.1:${port}/v1`;
  const transport = { transport_url: `${rabbit.url}?${IMPATIENT}`, log_format: 'json' };
  const cloud = ['--port', '0', '--hosts', '3', '--instances', '2', '--projects', '1', '--speed', '20'];
  const simulator = new Program(
    t,
    'simulator',
    [...cloud, '--maintenance-url', publicUrl],
    asEnvironment({ default: transport }),
  );
  const [, authUrl = ''] = await simulator.says(/^Keystone +(\S+)/m);
  const [, username = '', password = '', projectName = ''] = await simulator.says(
    /^service +(\S+) \/ (\S+), project (\S+)/m,
  );
  const [, origin = ''] = await simulator.says(/clock_origin = (\S+)/);
  const options = installed((await aDatabase(t)).url, authUrl);
  const environment = asEnvironment({
    ...options,
    default: { ...options.default, ...transport, public_url: publicUrl, port: Number(port) },
    service_user: { os_auth_url: authUrl, os_username: username, os_password: password, os_project_name: projectName },
    keystone_authtoken: { auth_url: authUrl, username, password, project_name: projectName },
    engine: { clock_speed: 20, clock_origin: origin },
  });
  const [api, engine] = (['api', 'engine'] as const).map((name) => new Program(t, name, [], environment)) as [
    Program,
    Program,
  ];
  await api.says(/"API listens"/);
  await engine.says(/"engine started"/);
  const admin = { authUrl, username: 'admin', password: 'admin', projectName: 'admin' };
  const token = await new KeystoneSession(admin, {}, clock, silentLogger).authToken();
  const ask = async (path: string, more: RequestInit = {}): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${publicUrl}${path}`, { ...more, headers: { 'x-auth-token': token } });
    return (await answer.json()) as Record<string, unknown>;
  };
  const body = JSON.stringify({ maintenance_at: '2026-01-01 00:00:00' });
  const { session_id: sessionId } = await ask('/maintenance', { method: 'POST', body });
  await engine.says(/"session owned"/);
  await rabbit.halt('SIGKILL');
  await engine.says(/connection to RabbitMQ lost/);
  await rabbit.resume();
  await eventually(async () => (await ask(`/maintenance/${sessionId}`)).state === 'MAINTENANCE_DONE', 'the end', 150);
  for (const program of [engine, api, simulator]) {
    program.kill('SIGTERM');
    t.is(await program.ended, 0, program.stderr);
  }
});

story('wrong credentials and an unknown virtual host are said once, as errors, and attempts go on', async (t) => {
  for (const [url, sentence] of [
    [rabbit.url.replace(rabbit.password, 'wrong'), /403|ACCESS/],
    [`${rabbit.url}nowhere`, /virtual host 'nowhere' is not there or not for user 'fenix'/],
  ] as const) {
    const lines: LogLine[] = [];
    const { broker } = open(
      t,
      logInto((line) => lines.push(line)),
      url,
    );
    await eventually(() => lines.filter(({ level }) => level === 'debug').length > 4, 'several attempts');
    t.regex(broker.trouble ?? '', sentence);
    t.deepEqual(
      lines.filter(({ level }) => level !== 'debug').map(({ level, message }) => `${level}: ${message}`),
      ['error: RabbitMQ refuses us: check transport_url and TLS; attempts go on'],
    );
    t.notRegex(JSON.stringify(lines), /wrong/);
    await broker.close();
  }
});
