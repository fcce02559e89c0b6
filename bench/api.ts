import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatTable } from '../src/cli/table.js';
import { operatorOptions } from '../src/cmd/simulated.js';
import { ManualClock } from '../src/common/clock.js';
import { asEnvironment } from '../src/config/index.js';
import { startSimulator } from '../src/simulator/index.js';
import { aSmallTopology, logIn } from '../test/support/simulator.js';
import { fill } from './api-data.js';
import type { LoadAnswer, LoadQuestion } from './api-load.js';
import { freePort, Served } from './api-server.js';
import { Child } from './child.js';
import { withDatabase } from './database.js';
import { quantile } from './statistics.js';

/*
 * fenix-api beside a Flask service of the same shape under gunicorn, one process each, on one MariaDB: 100 sessions of
 * 100 hosts, tokens cached. Requests come at their own pace (open loop), from a process of their own. The peer has no
 * history, no policy, no schemas and tells no engine; Fenix does all of that, with a broker.
 */
const SESSIONS = 100;
const HOSTS = 100;
const RATES = [50, 200, 1000] as const;
/** The wanted bound of p99 at 200/s, and that of the throughput that is compared; milliseconds. */
const WANTED_P99_MS = 50;
const WANTED_RATIO = 5;
/** Great steps first, then small ones from where they end: a ratio of two ends of great steps may be off by as much. */
const LADDER_STEPS = [1.3, 1.06] as const;
const LADDER_START = 60;
const LADDER_END = 12_000;

const { FENIX_TEST_AMQP_URL: amqpUrl, FENIX_TEST_MYSQL_URL: mysqlUrl, FENIX_BENCH_FLASK_PYTHON: python } = process.env;
if (amqpUrl === undefined || mysqlUrl === undefined || python === undefined) {
  throw new Error('npm run bench -- api starts database, broker and Python');
}
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    'quiet-below': { type: 'string', default: '1' },
    'wait-minutes': { type: 'string', default: '10' },
  },
});
const seconds = Number(values.seconds);

type Operation = 'show' | 'project GET' | 'project PUT';

interface Figures {
  /** Requests a second, as asked for and as answered. */
  readonly asked: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the service for one request, microseconds. */
  readonly cpuUs: number;
  readonly failed: number;
  /** Load average of a minute when it began. */
  readonly load: number;
}

interface Peer {
  readonly name: 'Fenix' | 'Flask';
  readonly service: Served;
}

const home = mkdtempSync(join(tmpdir(), 'fenix-bench-'));
const generator = new Child(process.execPath, [fileURLToPath(new URL('./api-load.js', import.meta.url))]);
try {
  await withDatabase(mysqlUrl, (database) => compare(database, amqpUrl, python));
} finally {
  generator.end();
  rmSync(home, { recursive: true });
}

async function compare(database: string, broker: string, flaskPython: string): Promise<void> {
  const simulator = await startSimulator({ topology: aSmallTopology(), clock: new ManualClock() });
  const peers: Peer[] = [];
  try {
    const admin = await logIn(simulator, simulator.adminCredentials);
    const tenant = await logIn(simulator, simulator.tenantCredentials('demo'));
    const projectId = [...simulator.cloud.projects.values()].find(({ name }) => name === 'demo')?.id ?? '';
    const sessions = await fill(database, projectId, SESSIONS, HOSTS);
    const options = operatorOptions(simulator);
    const [fenixPort, flaskPort] = [await freePort(), await freePort()];
    peers.push({
      name: 'Fenix',
      service: await Served.start(
        process.execPath,
        [fileURLToPath(new URL('../src/cmd/api.js', import.meta.url))],
        {
          PATH: process.env.PATH,
          ...asEnvironment({
            ...options,
            DEFAULT: { ...options.DEFAULT, port: fenixPort, transport_url: broker, log_format: 'json' },
            database: { connection: database },
            // Counted as ever, but one project sends all that there is.
            api: { reply_rate_limit: 1e9 },
          }),
        },
        { url: `http://127.0.0.1:${fenixPort}`, log: join(home, 'fenix.log'), probe: '/healthcheck' },
      ),
    });
    const settings = join(home, 'peer.json');
    const url = database.replace(/^mysql:/, 'mysql+pymysql:');
    const known = { database: url, authUrl: simulator.authUrl, serviceToken: admin.token, projectId, sessions };
    writeFileSync(settings, JSON.stringify(known));
    const script = fileURLToPath(new URL('../../bench/api-peer.py', import.meta.url));
    const env = {
      PATH: process.env.PATH,
      FENIX_PEER: settings,
      PYTHONPATH: join(script, '..'),
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const made = spawnSync(flaskPython, [script, 'init'], { env, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(made.stderr);
    const threads = ['--workers', '1', '--worker-class', 'gthread', '--threads', '8', '--keep-alive', '75'];
    peers.push({
      name: 'Flask',
      service: await Served.start(
        flaskPython,
        ['-m', 'gunicorn', ...threads, '--bind', `127.0.0.1:${flaskPort}`, '--access-logfile', '-', 'api-peer:app'],
        env,
        { url: `http://127.0.0.1:${flaskPort}`, log: join(home, 'flask.log'), probe: '/v1/maintenance/x' },
      ),
    });
    await quiet();
    const body = JSON.stringify({ state: 'ACK_PLANNED_MAINTENANCE', instance_actions: {} });
    const below = (path: string) => sessions.map(({ sessionId }) => `/v1/maintenance/${sessionId}${path}`);
    const operations: Record<Operation, Omit<LoadQuestion, 'perSecond' | 'seconds'>> = {
      show: { method: 'GET', urls: below(''), token: admin.token },
      'project GET': { method: 'GET', urls: below(`/${projectId}`), token: tenant.token },
      'project PUT': { method: 'PUT', urls: below(`/${projectId}`), token: tenant.token, body },
    };
    report(await measureAll(peers, operations));
  } finally {
    for (const { service } of peers) await service.stop();
    await simulator.stop();
  }
}

/** Waits for a calmer minute, but not for ever; the load stands beside each figure. */
async function quiet(): Promise<void> {
  const limit = performance.now() + Number(values['wait-minutes']) * 60_000;
  while (loadAverage() >= Number(values['quiet-below']) && performance.now() < limit) await pause(5000);
}

function loadAverage(): number {
  return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
}

interface Measured {
  readonly operation: Operation;
  readonly peer: Peer['name'];
  readonly rates: readonly Figures[];
  /** The most requests a second with p99 below the bound. */
  readonly best: Figures | undefined;
}

async function measureAll(
  peers: readonly Peer[],
  operations: Readonly<Record<Operation, Omit<LoadQuestion, 'perSecond' | 'seconds'>>>,
): Promise<Measured[]> {
  const all: Measured[] = [];
  for (const [operation, question] of Object.entries(operations)) {
    for (const peer of peers) {
      // Until what compiles itself while it runs has done so.
      await measure(peer, { ...question, perSecond: 400, seconds: 5 });
      const rates: Figures[] = [];
      for (const perSecond of RATES) rates.push(await measure(peer, { ...question, perSecond, seconds }));
      all.push({ operation: operation as Operation, peer: peer.name, rates, best: await climb(peer, question) });
    }
  }
  return all;
}

/** Faster and faster until p99 is beyond the bound twice, with each of the steps. */
async function climb(peer: Peer, question: Omit<LoadQuestion, 'perSecond' | 'seconds'>): Promise<Figures | undefined> {
  let best: Figures | undefined;
  let rate = LADDER_START;
  for (const step of LADDER_STEPS) {
    if (best !== undefined) rate = best.asked * step;
    for (let misses = 0; rate < LADDER_END && misses < 2; ) {
      const figures = await measure(peer, { ...question, perSecond: Math.round(rate), seconds: seconds / 2 });
      if (figures.failed > 0 || !(figures.p99Ms < WANTED_P99_MS)) {
        misses += 1;
        continue;
      }
      [best, misses, rate] = [figures, 0, rate * step];
    }
  }
  return best;
}

async function measure({ service }: Peer, question: LoadQuestion): Promise<Figures> {
  const load = loadAverage();
  const before = service.cpuS();
  const urls = question.urls.map((path) => service.url + path);
  const { latencies, failed, tookS } = await generator.ask<LoadAnswer>({ ...question, urls });
  return {
    asked: question.perSecond,
    perSecond: latencies.length / tookS,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    cpuUs: ((service.cpuS() - before) / (latencies.length + failed)) * 1e6,
    failed,
    load,
  };
}

function report(all: readonly Measured[]): void {
  const row = (operation: string, peer: string, asked: string, figures: Figures | undefined): string[] => [
    operation,
    peer,
    asked,
    ...(figures === undefined
      ? ['none']
      : [
          figures.perSecond.toFixed(0),
          figures.p50Ms.toFixed(1),
          figures.p99Ms.toFixed(1),
          figures.cpuUs.toFixed(0),
          String(figures.failed),
          figures.load.toFixed(1),
        ]),
  ];
  const rows = all.flatMap(({ operation, peer, rates, best }) => [
    ...rates.map((figures, i) => row(operation, peer, String(RATES[i]), figures)),
    row(operation, peer, `p99 < ${WANTED_P99_MS} ms`, best),
  ]);
  const titles = ['operation', 'service', 'asked /s', 'answered /s', 'p50 ms', 'p99 ms', 'CPU µs', 'failed', 'load'];
  const left = ['operation', 'service'];
  const columns = titles.map((title) => ({
    title,
    align: left.includes(title) ? ('left' as const) : ('right' as const),
  }));
  for (const line of formatTable(columns, rows)) console.log(line);
  const verdicts = all
    .filter(({ peer }) => peer === 'Fenix')
    .map(({ operation, rates, best }) => {
      const other = all.find((one) => one.peer === 'Flask' && one.operation === operation)?.best;
      const ratio = (best?.perSecond ?? 0) / (other?.perSecond ?? Number.NaN);
      return { operation, p99MsAt200: rates[RATES.indexOf(200)]?.p99Ms, ratio };
    });
  for (const { operation, p99MsAt200 = Number.NaN, ratio } of verdicts) {
    console.log(
      `${operation}: p99 at 200/s ${p99MsAt200.toFixed(1)} ms (wanted below ${WANTED_P99_MS}), ` +
        `throughput ${ratio.toFixed(1)} × the peer's (wanted ${WANTED_RATIO}).`,
    );
  }
  console.log(JSON.stringify({ seconds, sessions: SESSIONS, hosts: HOSTS, all, verdicts }));
}
