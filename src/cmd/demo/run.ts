import { openSync } from 'node:fs';
import { pino } from 'pino';
import { createProgress, progressModeFor } from '../../cli/progress.js';
import { renderReport, reportLine, wentWell } from '../../cli/report.js';
import { statusOf } from '../../cli/status-of.js';
import type { SessionDetail } from '../../client/index.js';
import { plusSeconds, SystemMachineClock } from '../../common/clock.js';
import { FenixError, messageOf } from '../../common/errors.js';
import { EXIT } from '../../common/lifecycle.js';
import { createLogger, type Logger, silentLogger } from '../../common/logger.js';
import { loadConfig } from '../../config/index.js';
import { generateTopology, readTopology, type Topology } from '../../simulator/index.js';
import { beginningOf } from './bound.js';
import { startDistributed } from './distributed.js';
import { startEmbedded } from './embedded-demo.js';
import { keepUp } from './keep.js';
import { type DemoOptions, tellsConstraints } from './options.js';
import { makeReport } from './report.js';
import type { RunningDemo } from './system.js';

const LOOK_EVERY_MS = 200;
/** Between the POST and maintenance_at, domain seconds. */
const NOTICE_S = 60;
/** What the demonstrated action takes on each host, domain seconds. */
const ACTION_S = 60;
const TIMINGS = { coldMigration: 20, liveMigration: 10 };
/** What the bound is reckoned with: managers take a second to answer. */
const DURATIONS = {
  actionS: ACTION_S,
  answerS: 1,
  moves: { MIGRATE: TIMINGS.coldMigration, LIVE_MIGRATE: TIMINGS.liveMigration },
};

/** One maintenance of a simulated cloud, shown while it goes on and reported at its end. */
export class Demo {
  private readonly machine = new SystemMachineClock();

  constructor(
    private readonly options: DemoOptions,
    private readonly stopping: AbortSignal,
  ) {}

  async run(directory: string): Promise<number> {
    const { options } = this;
    const [topology, log] = [await topologyOf(options), logOf(options)];
    const demo = options.distributed
      ? await startDistributed(options, topology, log)
      : await startEmbedded(options, topology, directory, log);
    try {
      return await Promise.race([this.maintain(demo, directory), demo.broken]);
    } finally {
      await demo.stop();
    }
  }

  private async maintain(demo: RunningDemo, directory: string): Promise<number> {
    const { machine, options, stopping } = this;
    const { clock, system: cloud } = demo;
    const started = { at: clock.now(), ms: machine.monotonicMs() };
    const instances = cloud.simulator.cloud.instances().length;
    const durations = { ...DURATIONS, hosts: loadConfig({}).config.default.maxParallelHosts };
    const beginning = beginningOf(cloud.simulator, started.at, durations, tellsConstraints(options));
    const sessionId = await cloud.client.create({
      state: 'MAINTENANCE',
      maintenance_at: plusSeconds(clock.now(), NOTICE_S).toISOString().slice(0, 19).replace('T', ' '),
      workflow: options.workflow,
      metadata: { openstack_release: 'next' },
      actions: [{ plugin: 'noop', type: 'host', name: 'upgrade', metadata: { duration: ACTION_S } }],
    });
    const detail = await this.watch(demo, sessionId);
    if (!hasEnded(detail)) return interrupted(detail);
    const wallS = (machine.monotonicMs() - started.ms) / 1000;
    const report = await makeReport(cloud, detail, { instances, beginning, startedAt: started.at, wallS });
    process.stdout.write(options.json ? `${reportLine(report)}\n` : `\n${renderReport(report)}\n`);
    // With --json the report stays the last line of standard output.
    const out = options.json ? process.stderr : process.stdout;
    if (options.keep) await keepUp(demo, sessionId, directory, out, stopping);
    return wentWell(report) ? EXIT.ok : EXIT.failed;
  }

  /** Looks at the session as an admin would, until it has ended or somebody presses Ctrl-C. */
  private async watch({ system, clock, speed }: RunningDemo, sessionId: string): Promise<SessionDetail> {
    const stream = this.options.json ? process.stderr : process.stdout;
    const progress = createProgress({ stream, ...progressModeFor(stream, process.env) });
    try {
      for (;;) {
        const detail = await system.client.detail(sessionId);
        progress.update(statusOf(detail, clock.now(), speed));
        if (hasEnded(detail) || this.stopping.aborted) return detail;
        await this.machine.sleepMs(LOOK_EVERY_MS, this.stopping).catch(() => undefined);
      }
    } finally {
      progress.end();
    }
  }
}

/** What is half done says nothing about constraints, so there is no report. */
function interrupted({ state, hosts }: SessionDetail): number {
  const maintained = hosts.filter((host) => host.maintained).length;
  process.stderr.write(`Interrupted in ${state}, ${maintained} of ${hosts.length} hosts maintained.\n`);
  return EXIT.forced;
}

/** Finished, and every host given back that is to be; a host whose action failed stays disabled. */
function hasEnded({ state, hosts }: SessionDetail): boolean {
  if (state === 'MAINTENANCE_DONE') return true;
  const owed = hosts.filter((host) => host.disabled && host.state !== 'in_maintenance' && host.state !== 'failed');
  return state === 'MAINTENANCE_FAILED' && owed.length === 0;
}

async function topologyOf({ topology, hosts, projects, seed, fill, ...options }: DemoOptions): Promise<Topology> {
  if (topology !== undefined) return readTopology(topology);
  const full = fill === 'full';
  const instances = full ? Math.ceil(options.instances / hosts) * hosts : options.instances;
  return generateTopology({
    hosts,
    instances,
    ...(full && { fill }),
    projects: projects ?? Math.max(1, Math.round(instances / 10)),
    seed,
    emptyHosts: options.empty ?? (full ? 0 : Math.max(1, hosts - instances)),
    ...(tellsConstraints(options) && {
      constraints: { maxImpacted: options.maxImpacted ?? 1, recoveryTime: options.recovery ?? 0 },
    }),
    controllers: 0,
    timings: TIMINGS,
  });
}

/** @throws FenixError `log-file` */
function logOf({ log }: DemoOptions): Logger {
  if (log === undefined) return silentLogger;
  try {
    const dest = openSync(log, 'a');
    return createLogger({ level: 'info', format: 'json' }, pino.destination({ dest, sync: false }));
  } catch (error) {
    throw new FenixError('input', 'log-file', `Cannot write the log: ${messageOf(error)}.`, { cause: error });
  }
}
