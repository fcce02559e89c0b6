import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseDatabaseUrl } from '../src/config/index.js';
import { Database } from '../src/db/database.js';
import { SchemaMigrator } from '../src/db/migrator.js';
import { withDatabase } from './database.js';
import { median } from './statistics.js';

/*
 * What a fenix-engine without work costs: resident memory and processor time, with MariaDB and RabbitMQ as in an
 * installation. It renews its lease each second and looks for sessions every two.
 */
const WANTED_MB = 120;
const SETTLE_MS = 5000;
const SAMPLES = 10;

const { FENIX_TEST_AMQP_URL: amqpUrl, FENIX_TEST_MYSQL_URL: mysqlUrl } = process.env;
if (amqpUrl === undefined || mysqlUrl === undefined)
  throw new Error('npm run bench -- idle starts broker and database');

await withDatabase(mysqlUrl, async (url) => {
  const database = await Database.open(parseDatabaseUrl(url));
  await new SchemaMigrator(database).upgrade();
  await database.close();
  report(await measured(url, amqpUrl));
});

interface Sample {
  readonly rssMb: number;
  /** Since the process began. */
  readonly cpuS: number;
}

async function measured(database: string, broker: string): Promise<Sample[]> {
  const script = fileURLToPath(new URL('../src/cmd/engine.js', import.meta.url));
  const env = {
    PATH: process.env.PATH,
    OS_DEFAULT__TRANSPORT_URL: broker,
    OS_DEFAULT__PUBLIC_URL: 'http://127.0.0.1/v1',
    OS_DATABASE__CONNECTION: database,
    OS_SERVICE_USER__OS_AUTH_URL: 'http://127.0.0.1:1/v3',
  };
  const engine = spawn(process.execPath, [script], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    for await (const line of createInterface({ input: engine.stderr })) if (line.includes('engine started')) break;
    engine.stderr.resume();
    await pause(SETTLE_MS);
    const samples: Sample[] = [];
    for (let n = 0; n < SAMPLES; n += 1) {
      samples.push(sampleOf(Number(engine.pid)));
      await pause(1000);
    }
    return samples;
  } finally {
    engine.kill('SIGKILL');
  }
}

function sampleOf(pid: number): Sample {
  const { stdout } = spawnSync('ps', ['-o', 'rss=,cputimes=', '-p', String(pid)], { encoding: 'utf8' });
  const [rssKb = Number.NaN, cpuS = Number.NaN] = stdout.trim().split(/\s+/).map(Number);
  return { rssMb: rssKb / 1024, cpuS };
}

function report(samples: readonly Sample[]): void {
  const rssMb = median(samples.map((sample) => sample.rssMb));
  console.log(`fenix-engine without work: ${rssMb.toFixed(0)} MB resident (wanted below ${WANTED_MB}).`);
  console.log(JSON.stringify({ rssMb, wantedMb: WANTED_MB }));
}
