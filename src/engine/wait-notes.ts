import { type Session, standingWait, type WaitReason } from '../model/index.js';
import type { Held, WaitFor } from '../workflow/decisions.js';
import type { SessionView } from '../workflow/view.js';
import { noteBlocked } from './blocked.js';
import { BlockedInstances } from './blocked-instances.js';
import type { SessionContext } from './context.js';

/** Waits that come between, for {@link WaitReason.interrupted}. */
const INTERRUPTIONS: ReadonlySet<string> = new Set(['cloud', 'trouble']);

/** What a session, its hosts and its instances wait for, as it stands in the database. */
export class WaitNotes {
  private readonly blockedInstances: BlockedInstances;

  constructor(private readonly context: SessionContext) {
    this.blockedInstances = new BlockedInstances(context);
  }

  /** Every wait has a reason and a deadline that can be read (L7); `since` stays while the reason does. */
  async noteWait(session: Session, wait: WaitFor['wait'], interrupted?: WaitReason | null): Promise<void> {
    const { waiting } = session;
    const same = waiting?.for === wait.for && waiting.message === wait.message;
    if (same && waiting.until.getTime() === wait.until.getTime()) return;
    const since = standingWait(waiting, wait.for)?.since ?? this.context.clock.now();
    const { for: word, message, until } = wait;
    const noted: WaitReason = { for: word, message, since, until, ...(interrupted && { interrupted }) };
    await this.context.writer.commit((unit) => {
      unit.patchSession({ waiting: noted });
      if (!same) unit.tell('waiting', { for: word, message, since, until });
    });
    if (!same) this.context.log.info({ for: wait.for, until: wait.until }, wait.message);
  }

  /** What gets in the way of another wait lets that wait's time go on: else both could take turns for ever. */
  noteInterruption(session: Session, wait: WaitFor['wait']): Promise<void> {
    const { waiting } = session;
    const isOne = waiting !== null && INTERRUPTIONS.has(waiting.for);
    return this.noteWait(session, wait, isOne ? waiting.interrupted : waiting);
  }

  /** Of each host and instance what holds it, and of the others that nothing does. */
  async noteHeld(view: SessionView, held: readonly Held[] = []): Promise<void> {
    await noteBlocked(this.context, view.hosts, held);
    await this.blockedInstances.note(held);
  }

  async forgetWait(session: Session): Promise<void> {
    if (session.waiting === null) return;
    await this.context.writer.commit((unit) => unit.patchSession({ waiting: null }));
  }
}
