import { join } from 'node:path';
import { pino } from 'pino';
import { createProgress, progressModeFor, type SessionStatus } from '../cli/progress.js';
import { type DemoReport, renderReport, reportLine, wentWell } from '../cli/report.js';
import type { SessionDetail } from '../client/index.js';
import { ManualClock, plusSeconds, SystemMachineClock } from '../common/clock.js';
import { EXIT } from '../common/lifecycle.js';
import { createLogger, type Logger, silentLogger } from '../common/logger.js';
import { generateTopology, readTopology, type Topology } from '../simulator/index.js';
import type { DemoOptions } from './demo-options.js';
import { Embedded } from './embedded.js';
import { Stepper } from './stepper.js';

const LOOK_EVERY_MS = 200;
/** Between the POST and maintenance_at, domain seconds. */
const NOTICE_S = 60;
/** What the demonstrated action takes on each host, domain seconds. */
const ACTION_S = 60;
const TIMINGS = { coldMigration: 20, liveMigration: 10 };

/** One maintenance of a simulated cloud, shown while it goes on and reported at its end. */
export class Demo {
  private readonly clock = new ManualClock(new Date());
  private readonly machine = new SystemMachineClock();
  private readonly waits = new Map<string, number>();
  private readonly speed: number;
  private instances = 0;

  constructor(
    private readonly options: DemoOptions,
    private readonly stopping: AbortSignal,
  ) {
    this.speed = options.speed ?? Math.max(60, options.hosts * 8);
  }

  async run(directory: string): Promise<number> {
    const { options, clock } = this;
    const connection = `sqlite://${join(directory, 'fenix.sqlite')}`;
    const cloud = await Embedded.start({
      topology: await topologyOf(options),
      clock,
      connection,
      log: logOf(options),
      managers: { dialect: options.dialect },
    });
    const stepper = new Stepper(clock, cloud.database, this.speed);
    try {
      this.instances = cloud.simulator.cloud.instances().length;
      await cloud.startEngine();
      stepper.start();
      const report = await this.maintain(cloud);
      if (options.json) process.stdout.write(`${reportLine(report)}\n`);
      else process.stdout.write(`\n${renderReport(report)}\n`);
      if (options.keep && !this.stopping.aborted) await this.keep(cloud);
      return wentWell(report) ? EXIT.ok : EXIT.failed;
    } finally {
      await stepper.stop();
      await cloud.stop();
    }
  }

  private async maintain(cloud: Embedded): Promise<DemoReport> {
    const { clock, machine, options } = this;
    const started = { at: clock.now(), ms: machine.monotonicMs() };
    const sessionId = await cloud.client.create({
      state: 'MAINTENANCE',
      maintenance_at: plusSeconds(clock.now(), NOTICE_S).toISOString().slice(0, 19).replace('T', ' '),
      workflow: options.workflow,
      metadata: { openstack_release: 'next' },
      actions: [{ plugin: 'noop', type: 'host', name: 'upgrade', metadata: { duration: ACTION_S } }],
    });
    const detail = await this.watch(cloud, sessionId);
    const ended = { at: clock.now(), ms: machine.monotonicMs() };
    const times = {
      makespanS: (ended.at.getTime() - started.at.getTime()) / 1000,
      wallS: (ended.ms - started.ms) / 1000,
    };
    return this.report(cloud, detail, times);
  }

  /** Looks at the session as an admin would, until it has ended or somebody presses Ctrl-C. */
  private async watch(cloud: Embedded, sessionId: string): Promise<SessionDetail> {
    const stream = this.options.json ? process.stderr : process.stdout;
    const progress = createProgress({ stream, ...progressModeFor(stream, process.env) });
    let seen = this.clock.now();
    try {
      for (;;) {
        const detail = await cloud.client.detail(sessionId);
        const now = this.clock.now();
        this.countWait(detail, (now.getTime() - seen.getTime()) / 1000);
        seen = now;
        progress.update(statusOf(detail, now, this.speed));
        if (hasEnded(detail) || this.stopping.aborted) return detail;
        await this.machine.sleepMs(LOOK_EVERY_MS, this.stopping).catch(() => undefined);
      }
    } finally {
      progress.end();
    }
  }

  private countWait(detail: SessionDetail, seconds: number): void {
    if (detail.waiting === null) return;
    this.waits.set(detail.waiting.for, (this.waits.get(detail.waiting.for) ?? 0) + seconds);
  }

  private report(
    cloud: Embedded,
    detail: SessionDetail,
    times: { readonly makespanS: number; readonly wallS: number },
  ): DemoReport {
    const { moves, violations, replies, serviceLevel, problems } = cloud.simulator.report();
    const movesPerInstance = new Map<number, number>();
    for (const count of moves.values()) movesPerInstance.set(count, (movesPerInstance.get(count) ?? 0) + 1);
    return {
      state: detail.state,
      ...(detail.reason !== null && { reason: detail.reason.message }),
      hosts: detail.hosts.length,
      hostsMaintained: detail.hosts.filter((host) => host.maintained).length,
      instances: this.instances,
      moves: [...moves.values()].reduce((sum, count) => sum + count, 0),
      movesPerInstance,
      violations: [...violations.map(({ sentence }) => sentence), ...problems],
      replies: replies.length,
      waits: [...this.waits].map(([word, seconds]) => ({ for: word, seconds })),
      serviceLevels: serviceLevel.map(({ project, outages, outageSeconds }) => ({
        manager: project,
        availability: 1 - outageSeconds / Math.max(times.makespanS, 1),
        outages: outages.length,
      })),
      ...times,
    };
  }

  private async keep(cloud: Embedded): Promise<void> {
    const token = await cloud.admin.authToken();
    const get = (path: string): string => `curl -s -H "X-Auth-Token: ${token}" ${cloud.apiUrl}${path}`;
    const [sessionId] = await cloud.client.list();
    const lines = [
      'Everything is still up. Ctrl-C ends it.',
      `  API       ${cloud.apiUrl}`,
      `  Keystone  ${cloud.simulator.authUrl}   (admin / admin, project admin)`,
      `  cloud     ${cloud.simulator.url}`,
      '',
      get('/maintenance'),
      get(`/maintenance/${sessionId}`),
      get(`/maintenance/${sessionId}/detail`),
      `${get('/maintenance')} -X POST -d '{"state": "MAINTENANCE", "maintenance_at": "${new Date().toISOString().slice(0, 19).replace('T', ' ')}", "metadata": {}, "actions": [{"plugin": "noop", "type": "host"}]}'`,
      `${get(`/maintenance/${sessionId}`)} -X DELETE`,
      '',
    ];
    process.stdout.write(`\n${lines.join('\n')}`);
    await new Promise<void>((resolve) => this.stopping.addEventListener('abort', () => resolve(), { once: true }));
  }
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
    emptyHosts: full ? 0 : Math.max(1, hosts - instances),
    controllers: 0,
    timings: TIMINGS,
  });
}

function logOf({ log }: DemoOptions): Logger {
  return log === undefined
    ? silentLogger
    : createLogger({ level: 'info', format: 'json' }, pino.destination({ dest: log, sync: false }));
}

function statusOf(detail: SessionDetail, domainTime: Date, speed: number): SessionStatus {
  const byHost = new Map<string, number>();
  for (const { host, state } of detail.instances) if (state !== 'GONE') byHost.set(host, (byHost.get(host) ?? 0) + 1);
  return {
    sessionId: detail.session_id,
    state: detail.state,
    percentDone: detail.percent_done,
    hosts: detail.hosts.map(({ hostname, type, state }) => ({
      hostname,
      type,
      state,
      instances: byHost.get(hostname) ?? 0,
    })),
    waiting: detail.waiting && { ...detail.waiting, until: new Date(`${detail.waiting.until}Z`) },
    domainTime,
    moved: detail.instances.filter((instance) => instance.action_done).length,
    notices: detail.projects.reduce((sum, project) => sum + project.rounds, 0),
    speed,
  };
}
