import { setMaxListeners } from 'node:events';
import { withRequestId } from '../common/context.js';
import { messageOf, Stopped } from '../common/errors.js';
import type { Lease } from '../db/session-repository.js';
import type { PluginPin, Session } from '../model/index.js';
import type { CloudPort } from '../workflow/cloud-port.js';
import type { EngineParts, SessionContext } from './context.js';
import { Effects } from './effects/effects.js';
import { runMove } from './effects/move.js';
import { runPlugin } from './effects/plugin-run.js';
import { runRoom } from './effects/room.js';
import { runService } from './effects/service.js';
import { runSettle } from './effects/settle.js';
import { runStart } from './effects/start.js';
import { SessionFiles } from './files/session-files.js';
import { Journal } from './journal.js';
import { noteDelivery } from './late-delivery.js';
import type { LeaseGuard } from './lease-guard.js';
import { abandonablePlans, abandonableReads } from './let-go.js';
import { OutboxPublisher, type Publish } from './outbox.js';
import { SessionRunner } from './runner.js';
import { SessionWriter } from './session-writer.js';

/** Everything that works on one session while this engine owns it, put together and taken apart. */
export class SessionOwner {
  private readonly stopping = new AbortController();
  private readonly outbox: OutboxPublisher;
  private readonly writer: SessionWriter;
  private readonly journal: Journal;
  private readonly files: SessionFiles;
  private runner: SessionRunner | undefined;
  private effects: Effects | undefined;
  private ended: Promise<void> = Promise.resolve();

  constructor(
    private readonly lease: Lease,
    private readonly session: Session,
    private readonly parts: EngineParts,
    private readonly guard: LeaseGuard,
    publish: Publish,
  ) {
    // Every effect under way listens, and there may be hundreds.
    setMaxListeners(0, this.stopping.signal);
    const { repositories, clock, machine, settings } = parts;
    const log = parts.log.child({ session: lease.sessionId, request_id: session.requestId });
    const wake = (): void => this.raise();
    this.writer = new SessionWriter(lease, repositories, clock, () => this.outbox.raise());
    const note = noteDelivery(this.writer, repositories);
    this.outbox = new OutboxPublisher(
      lease.sessionId,
      repositories.outbox,
      publish,
      guard,
      note,
      clock,
      machine,
      () => this.runner?.delivered(),
      log,
    );
    const { requestTimeoutS } = settings;
    const { signal } = this.stopping;
    this.journal = new Journal(repositories.journal, this.writer, guard, machine, requestTimeoutS, signal, log);
    const { downloads, plugins, processes } = parts;
    const thawed = () => repositories.database.transaction((tx) => repositories.settings.requireThawed(tx));
    const { writer } = this;
    this.files = new SessionFiles(downloads, lease, plugins, processes, writer, signal, wake, machine, thawed, log);
  }

  get sessionId(): string {
    return this.lease.sessionId;
  }

  /** What an engine must have to own it. */
  get pins(): readonly PluginPin[] {
    return this.session.plugins;
  }

  /** Effects under way. */
  get busy(): number {
    return this.effects?.count ?? 0;
  }

  raise(): void {
    this.runner?.raise();
  }

  /** Runs the session until it is closed or let go; then gives the lease back. */
  run(): Promise<void> {
    this.ended = withRequestId(this.session.requestId, () => this.work());
    return this.ended;
  }

  /** The lease is gone: nothing new begins, nothing more is written. */
  lost(): void {
    this.stopping.abort();
  }

  /** Resolves when nothing of the session is under way here any more. */
  async letGo(): Promise<void> {
    this.stopping.abort();
    await this.ended.catch(() => undefined);
  }

  private async work(): Promise<void> {
    let publishing: Promise<void> | undefined;
    try {
      const context = await this.context();
      this.effects = context.effects;
      this.runner = new SessionRunner(context, this.session.workflow, this.outbox, this.files);
      publishing = this.outbox.run(this.stopping.signal);
      const { runner } = this;
      await runner.run();
    } finally {
      this.stopping.abort();
      await Promise.all([publishing, this.effects?.settled()]);
      if (this.session.downloads !== null) await this.files.end();
      // Also a lease that we had to take for lost: whoever comes next need not wait for its end.
      await this.parts.repositories.sessions.release(this.lease);
    }
  }

  private async context(): Promise<SessionContext> {
    const { parts, writer, journal, guard, session, files } = this;
    const { signal } = this.stopping;
    const cloud = abandonableReads(parts.cloud, signal);
    const log = parts.log.child({ session: session.sessionId, request_id: session.requestId });
    const effects: Effects = new Effects(
      {
        move: (entry, resumed) => runMove(context, entry, resumed),
        settle: (entry) => runSettle(context, entry),
        start: (entry) => runStart(context, entry),
        plugin: (entry, resumed) => runPlugin(context, entry, resumed),
        service: (entry, resumed) => runService(context, entry, resumed),
        room: (entry) => runRoom(context, entry),
      },
      () => this.raise(),
      parts.machine,
      signal,
      log,
    );
    const takeBack = new AbortController();
    if (session.aborting?.revert) takeBack.abort();
    const context: SessionContext = {
      ...parts,
      cloud,
      planner: abandonablePlans(parts.planner, signal),
      log,
      sessionId: session.sessionId,
      filesAt: session.downloads === null ? null : parts.downloads.placeOf(session.sessionId),
      get plugins() {
        return files.plugins;
      },
      get style() {
        // A workflow that cannot be had again: what is left to be told as a session ends has one form in both styles.
        return files.plugins.findWorkflow(session.workflow)?.style ?? 'default';
      },
      adminProjectId: await this.adminProjectId(cloud),
      writer,
      journal,
      guard,
      effects,
      takeBack,
      stopping: signal,
    };
    return context;
  }

  /** The configured admin project, else the project of whoever created the session (v1 §3.3). */
  private async adminProjectId(cloud: CloudPort): Promise<string> {
    try {
      return await cloud.adminProjectId();
    } catch (error) {
      if (error instanceof Stopped) throw error;
      this.parts.log.warn({ reason: messageOf(error) }, 'admin project is not known, using the session creator’s');
      return this.session.projectId;
    }
  }
}
