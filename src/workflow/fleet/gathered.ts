import { plusSeconds } from '../../common/clock.js';
import type { SessionHost } from '../../model/index.js';
import type { Decision, GoTo, Held, Step, WaitFor } from '../decisions.js';
import type { SessionView } from '../view.js';

/** What is to be done, and waited for, about many hosts at once; each is asked about as if it were the only one. */
export class Gathered {
  readonly apart: (readonly Decision[])[] = [];
  readonly held: Held[] = [];
  readonly waits: WaitFor['wait'][] = [];
  /** The first that ends the session. */
  ending: GoTo | undefined;

  constructor(private readonly view: SessionView) {}

  /** Takes what a host's own handler says. @returns that step */
  take(step: Step | undefined, host?: SessionHost): Step | undefined {
    if (step === undefined) return undefined;
    if ('to' in step) this.ending ??= step;
    else if ('do' in step) this.apart.push(step.do);
    else if ('apart' in step) this.apart.push(...step.apart);
    else this.wait(step.wait, host);
    return step;
  }

  decide(...decisions: Decision[]): void {
    this.apart.push(decisions);
  }

  hold(held: Held): void {
    this.held.push(held);
  }

  /** Until when `host` may be held by that: so long since it first was, also if the session waited for other things. */
  until(host: SessionHost, because: string, seconds: number): Date {
    return host.blocked?.because === because ? host.blocked.until : plusSeconds(this.view.now, seconds);
  }

  private wait(wait: WaitFor['wait'], host: SessionHost | undefined): void {
    if (host === undefined) {
      this.waits.push(wait);
      return;
    }
    const { for: because, message } = wait;
    const until = host.blocked?.because === because ? host.blocked.until : wait.until;
    if (until <= this.view.now) {
      this.ending ??= { to: 'MAINTENANCE_FAILED', why: message, reason: { code: 'blocked', message } };
      return;
    }
    this.waits.push({ ...wait, until });
    this.held.push({ host: host.hostname, because, message, until });
  }
}
