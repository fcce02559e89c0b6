import 'reflect-metadata';
import type { ExecutionContext } from 'ava';
import type { NewSession, SessionDetail } from '../../src/client/index.js';
import { Embedded, type EmbeddedOptions } from '../../src/cmd/embedded.js';
import { quietOf } from '../../src/cmd/quiet.js';
import { ManualClock, plusSeconds } from '../../src/common/clock.js';
import type { Quiet } from '../../src/common/quiet.js';
import { HistoryRepository } from '../../src/db/history-repository.js';
import { SessionRepository } from '../../src/db/session-repository.js';
import { type FaultSettings, isCast } from '../../src/messaging/faults.js';
import type { HistoryEntry } from '../../src/model/index.js';
import { type GeneratorOptions, generateTopology } from '../../src/simulator/index.js';
import { logInto } from './api-log.js';
import { ManualMachineClock } from './manual-machine-clock.js';

export interface ScenarioOptions extends Partial<Omit<EmbeddedOptions, 'clock' | 'machine'>> {
  readonly cloud?: Partial<GeneratorOptions>;
}

/**
 * What FENIX_TEST_CASTS does to hints between API and engines in every scenario that chooses no faults itself: the whole
 * suite must hold without them (L1).
 */
const CAST_FAULTS: Readonly<Record<string, FaultSettings>> = {
  dropped: { seed: 1, loss: 1, appliesTo: isCast },
  lossy: { seed: 2, loss: 0.3, duplicates: 0.3, delay: { maxTurns: 5 }, reorder: true, appliesTo: isCast },
};
const castFaults = faultsNamed(process.env.FENIX_TEST_CASTS);

function faultsNamed(name = ''): FaultSettings | undefined {
  if (name !== '' && !Object.hasOwn(CAST_FAULTS, name)) throw new Error(`FENIX_TEST_CASTS: no '${name}'`);
  return CAST_FAULTS[name];
}

/** Domain time that no scenario needs. */
const LONGEST_S = 7 * 86_400;

/** Each beat and each sweep is an instant to stop at. */
const SELDOM = { lease_time: 600, heartbeat_interval: 120, sweep_interval: 60 };

/**
 * The whole system on one manual clock: cloud, managers, API and engine, as they are, over real HTTP and SQLite.
 * Machine time passes with domain time, as it does where neither is scaled: one queue of instants, of which the next
 * comes when everything is quiet. So no scenario waits for the real clock, and each goes the same way every time.
 */
export class Scenario {
  private stopped: Promise<void> | undefined;

  private constructor(
    readonly clock: ManualClock,
    readonly system: Embedded,
    private readonly quiet: Quiet,
  ) {}

  static async start(t: ExecutionContext, options: ScenarioOptions = {}): Promise<Scenario> {
    const clock = new ManualClock();
    const { cloud, options: given, ...rest } = options;
    const generated = { hosts: 3, instances: 4, projects: 2, seed: 1, controllers: 0, ...cloud };
    const topology = options.topology ?? generateTopology(generated);
    const values = { ...given, engine: { ...SELDOM, ...given?.engine } };
    const machine = new ManualMachineClock(clock);
    const failed: string[] = [];
    const log = logInto(({ message, fields }) => {
      if (message === 'request failed') failed.push(String(fields.error));
    });
    const system = await Embedded.start({
      ...(castFaults && { faults: castFaults }),
      log,
      ...rest,
      options: values,
      topology,
      clock,
      machine,
    });
    const quiet = quietOf(system.database);
    const scenario = new Scenario(clock, system, quiet);
    t.teardown(async () => {
      await scenario.stop();
      if (failed.length > 0) throw new Error(`the API answered 500: ${failed.join(', ')}`);
    });
    return scenario;
  }

  /** Ends everything; by itself at the end of the test. */
  async stop(): Promise<void> {
    this.stopped ??= this.system.stop().finally(() => this.quiet.end());
    await this.stopped;
  }

  /** A session whose maintenance_at is a minute ahead, with `noop` on each host unless said otherwise. */
  create(overrides: Partial<NewSession> = {}): Promise<string> {
    const maintenanceAt = plusSeconds(this.clock.now(), 60).toISOString().slice(0, 19).replace('T', ' ');
    return this.system.client.create({
      state: 'MAINTENANCE',
      maintenance_at: maintenanceAt,
      metadata: {},
      actions: [{ plugin: 'noop', type: 'host', metadata: { duration: 30 } }],
      ...overrides,
    });
  }

  /** Lets everything that is due happen, then goes to the next instant somebody sleeps for. */
  async step(): Promise<void> {
    await this.settle();
    const due = this.clock.nextDue();
    if (due !== undefined) this.clock.advanceTo(due);
    await this.settle();
  }

  /** Where hints may be lost, engines look now, as they do by themselves within two seconds of a real installation. */
  private async settle(): Promise<void> {
    await this.quiet.settle();
    if (castFaults === undefined) return;
    this.system.sweep();
    await this.quiet.settle();
  }

  /** Lets time pass, from one due instant to the next. */
  async advance(seconds: number): Promise<void> {
    const until = plusSeconds(this.clock.now(), seconds);
    await this.settle();
    for (let due = this.clock.nextDue(); due !== undefined && due <= until; due = this.clock.nextDue()) {
      await this.step();
    }
    this.clock.advanceTo(until);
    await this.settle();
  }

  /** Steps until `reached` says so; fails when more domain time than any scenario needs has passed. */
  async until(reached: () => boolean | Promise<boolean>): Promise<void> {
    const limit = plusSeconds(this.clock.now(), LONGEST_S);
    await this.settle();
    while (!(await reached())) {
      await this.step();
      if (this.clock.now() > limit) throw new Error('The scenario does not get there.');
    }
  }

  /** Runs until the session is DONE or FAILED and its engine has nothing left to do for it. */
  async toItsEnd(sessionId: string): Promise<void> {
    const sessions = new SessionRepository(this.system.database);
    await this.until(async () => (await sessions.isClosed(sessionId)) === true);
  }

  /** As {@link toItsEnd}. */
  async finish(sessionId: string): Promise<SessionDetail> {
    await this.toItsEnd(sessionId);
    return this.system.client.detail(sessionId);
  }

  history(sessionId: string): Promise<HistoryEntry[]> {
    return new HistoryRepository(this.system.database).list(sessionId);
  }

  /** The states the session went through, in order. */
  async states(sessionId: string): Promise<string[]> {
    const changes = (await this.history(sessionId)).filter(({ what }) => what === 'state');
    return ['MAINTENANCE', ...changes.map(({ details }) => String(details.to))];
  }
}
