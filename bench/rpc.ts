import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatTable } from '../src/cli/table.js';
import { Child } from './child.js';
import { median, quantile } from './statistics.js';

/*
 * RPC calls on one broker: Fenix's client and server beside Python's, four processes. The rounds are interleaved, so that
 * what else the machine does hits both alike: the ratios count, not the figures.
 */
const IN_FLIGHT = [1, 16] as const;
/** What Fenix wants to be better by. */
const WANTED: Readonly<Record<number, number>> = { 1: 1.7, 16: 5 };

interface Figures {
  readonly callsPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of client and server for one call, microseconds. */
  readonly cpuUs: number;
}

/** A client and a server of one kind, on a topic of their own. */
class Pair {
  private readonly client: Child;
  private readonly server: Child;
  private readonly topic = `bench-${randomUUID()}`;

  constructor(
    readonly name: string,
    program: string,
    script: string,
  ) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    this.client = new Child(program, [path]);
    this.server = new Child(program, [path]);
  }

  async start(url: string): Promise<void> {
    for (const [role, child] of [['server', this.server] as const, ['client', this.client] as const])
      await child.ask({ role, url, topic: this.topic });
  }

  async measure(inFlight: number, seconds: number): Promise<Figures> {
    const before = await this.cpuS();
    const { tookS, latencies } = await this.client.ask<{ tookS: number; latencies: number[] }>({ inFlight, seconds });
    const calls = latencies.length;
    return {
      callsPerS: calls / tookS,
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      cpuUs: (((await this.cpuS()) - before) / calls) * 1e6,
    };
  }

  end(): void {
    for (const child of [this.client, this.server]) child.end();
  }

  private async cpuS(): Promise<number> {
    const used = [await this.client.ask<{ cpuS: number }>({}), await this.server.ask<{ cpuS: number }>({})];
    return used.reduce((sum, { cpuS }) => sum + cpuS, 0);
  }
}

const { FENIX_TEST_AMQP_URL: url, FENIX_TEST_OSLO_PYTHON: python } = process.env;
if (url === undefined || python === undefined) throw new Error('npm run bench -- rpc starts broker and Python');
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '2' } },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];

const pairs = [
  new Pair('Fenix', process.execPath, './rpc-node.js'),
  new Pair('Python', python, '../../bench/rpc-python.py'),
] as const;
try {
  for (const pair of pairs) await pair.start(url);
  for (const pair of pairs) for (const inFlight of IN_FLIGHT) await pair.measure(inFlight, seconds / 2);
  report(await interleaved());
} finally {
  for (const pair of pairs) pair.end();
}

async function interleaved(): Promise<Map<string, Figures[]>> {
  const measured = new Map<string, Figures[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const inFlight of IN_FLIGHT) {
      // Who is first takes turns as well.
      for (const pair of round % 2 === 0 ? pairs : pairs.toReversed()) {
        const key = `${pair.name} ${inFlight}`;
        measured.set(key, [...(measured.get(key) ?? []), await pair.measure(inFlight, seconds)]);
      }
    }
  }
  return measured;
}

function report(measured: ReadonlyMap<string, Figures[]>): void {
  const medians = (name: string, inFlight: number): Figures => {
    const all = measured.get(`${name} ${inFlight}`) ?? [];
    const of = (key: keyof Figures): number => median(all.map((figures) => figures[key]));
    return { callsPerS: of('callsPerS'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms'), cpuUs: of('cpuUs') };
  };
  const results = IN_FLIGHT.map((inFlight) => {
    const [fenix, other] = [medians('Fenix', inFlight), medians('Python', inFlight)];
    return { inFlight, fenix, python: other, ratio: fenix.callsPerS / other.callsPerS, wanted: WANTED[inFlight] ?? 1 };
  });
  const row = (name: string, inFlight: number, { callsPerS, p50Ms, p99Ms, cpuUs }: Figures): string[] => [
    String(inFlight),
    name,
    callsPerS.toFixed(0),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    cpuUs.toFixed(0),
  ];
  const rows = results.flatMap(({ inFlight, fenix, python: other, ratio, wanted }) => [
    row('Fenix', inFlight, fenix),
    row('Python', inFlight, other),
    [
      String(inFlight),
      'ratio',
      `${ratio.toFixed(2)} (wanted ${wanted})`,
      '',
      '',
      (other.cpuUs / fenix.cpuUs).toFixed(2),
    ],
  ]);
  const titles = ['in flight', 'peer', 'calls/s', 'p50 ms', 'p99 ms', 'CPU µs/call'];
  const columns = titles.map((title) => ({ title, align: title === 'peer' ? ('left' as const) : ('right' as const) }));
  console.log(`Medians of ${rounds} interleaved rounds of ${seconds} s each.`);
  for (const line of formatTable(columns, rows)) console.log(line);
  console.log(JSON.stringify({ rounds, seconds, results }));
}
