import { plusSeconds } from '../../../src/common/clock.js';
import { FenixError, Stopped } from '../../../src/common/errors.js';
import type { Scenario } from '../scenario.js';
import type { Act } from './acts.js';

/** Does what the acts say, each at its time, until the session is over. */
export class Admin {
  /** Those that were carried out; the API may refuse an act whose time has passed. */
  readonly done: Act['what'][] = [];
  private readonly leaving = new AbortController();
  private working: Promise<void> = Promise.resolve();

  constructor(
    private readonly scenario: Scenario,
    private readonly sessionId: string,
  ) {}

  begin(acts: readonly Act[]): void {
    this.working = this.work(acts, this.scenario.clock.now());
  }

  /** Resolves when nothing of it is under way any more. */
  async leave(): Promise<void> {
    this.leaving.abort();
    await this.working;
  }

  private async work(acts: readonly Act[], from: Date): Promise<void> {
    try {
      for (const { afterS, what } of acts) {
        await this.scenario.clock.sleep(plusSeconds(from, afterS), this.leaving.signal);
        await this.act(what);
        this.done.push(what);
      }
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
  }

  private async act(what: Act['what']): Promise<void> {
    const { system } = this.scenario;
    if (what === 'restart') await system.stopEngine();
    if (what === 'restart' || what === 'second-engine') await system.startEngine();
    else await this.ask(what).catch(tolerated);
  }

  /** What the API cannot take now is asked for again, as people do. */
  private async ask(what: Exclude<Act['what'], 'restart' | 'second-engine'>): Promise<void> {
    const { clock, system } = this.scenario;
    for (;;) {
      try {
        if (what === 'continue') await system.client.resumeFailed(this.sessionId);
        else await system.client.control(this.sessionId, what);
        return;
      } catch (error) {
        if (!isLater(error)) throw error;
        await clock.sleep(plusSeconds(clock.now(), 1), this.leaving.signal);
      }
    }
  }
}

/** Keystone or the database is out of reach for the API. */
export function isLater(error: unknown): boolean {
  return error instanceof FenixError && error.status === 503;
}

/** The session or the host is not in a state for it. */
function tolerated(error: unknown): void {
  if (!(error instanceof FenixError) || ![409, 422].includes(error.status ?? 0)) throw error;
}
