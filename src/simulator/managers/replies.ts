import { type Clock, plusSeconds } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import type { ManagerNotice } from './notice.js';
import type { TenantSession } from './tenant-session.js';

export type Verdict = 'ACK' | 'NACK' | 'DEFER';
/** Instance id to action. */
export type Actions = Readonly<Record<string, string>>;

/** An answer to a notice. */
export interface ManagerReply {
  readonly at: Date;
  readonly projectId: string;
  readonly sessionId: string;
  /** E.g. `ACK_PLANNED_MAINTENANCE`. */
  readonly state: string;
  readonly actions: Actions;
  readonly status: number;
}

/** Repeats of an answer that was not taken, as a manager in the field does it. */
const REPEATS = 5;
const REPEAT_AFTER_S = 5;

/** The answers of one manager. */
export class Replies {
  readonly all: ManagerReply[] = [];
  repeats = REPEATS;

  constructor(
    private readonly projectId: string,
    private readonly session: TenantSession,
    private readonly clock: Clock,
    private readonly patienceS = 0,
  ) {}

  /**
   * Sends an answer, repeats it while it is not answered 200; false when it was given up. As long as it has patience, a
   * service that is out of order costs no repeat.
   */
  async send(notice: ManagerNotice, verdict: Verdict, actions: Actions, signal: AbortSignal): Promise<boolean> {
    const state = `${verdict}_${notice.state}`;
    const body = { session_id: notice.sessionId, state, ...actionKeys(notice, actions) };
    const patientUntil = plusSeconds(this.clock.now(), this.patienceS);
    for (let attempt = 0; attempt <= this.repeats; ) {
      const status = await this.put(notice, state, body, actions).catch((error) => {
        if (this.clock.now() < patientUntil && error instanceof FenixError && error.retryable) return undefined;
        throw error;
      });
      if (status === 200) return true;
      if (this.clock.now() >= patientUntil || (status ?? 500) < 500) attempt += 1;
      if (attempt <= this.repeats) await this.clock.sleep(plusSeconds(this.clock.now(), REPEAT_AFTER_S), signal);
    }
    return false;
  }

  /** Sends a body once; the answer's status. */
  async put(notice: ManagerNotice, state: string, body: object, actions: Actions = {}): Promise<number> {
    const { status } = await this.session.call('PUT', notice.replyUrl, body);
    const { projectId } = this;
    this.all.push({ at: this.clock.now(), projectId, sessionId: notice.sessionId, state, actions, status });
    return status;
  }

  /** The status of the latest answer. */
  get lastStatus(): number | undefined {
    return this.all.at(-1)?.status;
  }
}

/** `vnf` style names one action, `default` style a map; neither is sent where no action was asked for. */
function actionKeys({ instances }: ManagerNotice, actions: Actions): object {
  const [first] = Object.values(actions);
  if (first === undefined) return {};
  return 'ids' in instances ? { instance_action: first } : { instance_actions: actions };
}
