import { withRequestId } from '../common/context.js';
import { messageOf } from '../common/errors.js';
import type { Lease } from '../db/session-repository.js';
import type { Session } from '../model/index.js';
import type { EngineParts, SessionContext } from './context.js';
import { Effects } from './effects/effects.js';
import { runMove } from './effects/move.js';
import { runPlugin } from './effects/plugin-run.js';
import { runService } from './effects/service.js';
import { runSettle } from './effects/settle.js';
import { runStart } from './effects/start.js';
import { Journal } from './journal.js';
import { noteDelivery } from './late-delivery.js';
import { LeaseGuard } from './lease-guard.js';
import { OutboxPublisher, type Publish } from './outbox.js';
import type { Owned } from './ownership.js';
import { SessionRunner } from './runner.js';
import { SessionWriter } from './session-writer.js';

/** Everything that works on one session while this engine owns it, put together and taken apart. */
export class SessionOwner implements Owned {
  readonly guard: LeaseGuard;
  private readonly stopping = new AbortController();
  private readonly outbox: OutboxPublisher;
  private readonly writer: SessionWriter;
  private readonly journal: Journal;
  private runner: SessionRunner | undefined;
  private ended: Promise<void> = Promise.resolve();

  constructor(
    private readonly lease: Lease,
    private readonly session: Session,
    private readonly parts: EngineParts,
    publish: Publish,
    takenMs: number,
  ) {
    const { repositories, clock, machine, settings } = parts;
    const log = parts.log.child({ session: lease.sessionId, request_id: session.requestId });
    const wake = (): void => this.raise();
    this.guard = new LeaseGuard(lease, settings.leaseS, machine, takenMs);
    this.writer = new SessionWriter(lease, repositories, clock, () => this.outbox.raise());
    const note = noteDelivery(this.writer, repositories);
    this.outbox = new OutboxPublisher(lease.sessionId, repositories.outbox, publish, note, clock, machine, wake, log);
    const { requestTimeoutS } = settings;
    const { signal } = this.stopping;
    this.journal = new Journal(repositories.journal, this.writer, this.guard, machine, requestTimeoutS, signal, log);
  }

  get epoch(): number {
    return this.lease.epoch;
  }

  raise(): void {
    this.runner?.raise();
  }

  /** Runs the session until it is closed or let go; then gives the lease back. */
  run(): Promise<void> {
    this.ended = withRequestId(this.session.requestId, () => this.work());
    return this.ended;
  }

  lost(): void {
    this.stopping.abort();
  }

  /** Resolves when nothing of the session is under way here any more. */
  async letGo(): Promise<void> {
    this.stopping.abort();
    await this.ended.catch(() => undefined);
  }

  private async work(): Promise<void> {
    let effects: Effects | undefined;
    let publishing: Promise<void> | undefined;
    try {
      const context = await this.context();
      effects = context.effects;
      this.runner = new SessionRunner(context, this.session.workflow, this.outbox);
      publishing = this.outbox.run(this.stopping.signal);
      const { runner } = this;
      await runner.run();
    } finally {
      this.stopping.abort();
      await Promise.all([publishing, effects?.settled()]);
      // Also a lease that we had to take for lost: whoever comes next need not wait for its end.
      await this.parts.repositories.sessions.release(this.lease);
    }
  }

  private async context(): Promise<SessionContext> {
    const { parts, writer, journal, session } = this;
    const log = parts.log.child({ session: session.sessionId, request_id: session.requestId });
    const effects: Effects = new Effects(
      {
        move: (entry) => runMove(context, entry),
        settle: (entry) => runSettle(context, entry),
        start: (entry) => runStart(context, entry),
        plugin: (entry, resumed) => runPlugin(context, entry, resumed),
        service: (entry) => runService(context, entry),
      },
      () => this.raise(),
      parts.machine,
      this.stopping.signal,
      log,
    );
    const takeBack = new AbortController();
    if (session.aborting?.revert) takeBack.abort();
    const context: SessionContext = {
      ...parts,
      log,
      sessionId: session.sessionId,
      style: parts.plugins.workflow(session.workflow).style,
      adminProjectId: await this.adminProjectId(),
      writer,
      journal,
      effects,
      takeBack,
      stopping: this.stopping.signal,
    };
    return context;
  }

  /** The configured admin project, else the project of whoever created the session (v1 §3.3). */
  private async adminProjectId(): Promise<string> {
    try {
      return await this.parts.cloud.adminProjectId();
    } catch (error) {
      this.parts.log.warn({ reason: messageOf(error) }, 'admin project is not known, using the session creator’s');
      return this.session.projectId;
    }
  }
}
