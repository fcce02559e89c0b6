import { type BackoffSettings, backoffMs } from '../common/backoff.js';
import { plusSeconds } from '../common/clock.js';
import { FenixError, messageOf, Stopped } from '../common/errors.js';
import { Wake } from '../common/wake.js';
import { LeaseLost, type SessionStanding } from '../db/session-repository.js';
import { frozenSentence } from '../db/setting-repository.js';
import { type Freeze, isUnfinished, type Session, standingWait, type WaitReason } from '../model/index.js';
import type { DoApart, GoTo, Held, Step, WaitFor } from '../workflow/decisions.js';
import type { SessionView, WorkflowTools } from '../workflow/view.js';
import { deadline } from '../workflow/waits.js';
import { addPending, pendingInCloud } from './adding.js';
import { heldBy, refusedOn } from './blocked.js';
import { type ClosingWait, closeSession } from './closing.js';
import { ConstraintWatch } from './constraint-watch.js';
import type { SessionContext } from './context.js';
import { applyApart, attempt } from './decisions/apart.js';
import type { NotYet } from './decisions/apply.js';
import { joinPending } from './decisions/hosts.js';
import { hostsOf } from './decisions/hosts-of.js';
import type { FilesState, SessionFiles } from './files/session-files.js';
import { consumeInbox } from './inbox.js';
import { InstanceRecords } from './instance-records.js';
import { LearnedWatch } from './learned.js';
import type { OutboxPublisher } from './outbox.js';
import { Pace } from './pace.js';
import { releaseHosts } from './releasing.js';
import { transition } from './transition.js';
import { loadView } from './view-loader.js';
import { WaitNotes } from './wait-notes.js';
import { workflowTools } from './workflow-tools.js';

const TROUBLE: BackoffSettings = { firstMs: 200, factor: 2, ceilingMs: 10_000 };
const WAIT_FOR_FILES: ClosingWait = { for: 'download', message: 'Ending: waiting for the downloads.' };

/**
 * The one loop of an owned session: consume what came in, look at everything, ask the workflow, carry its answer out,
 * wait. Whatever wakes it (replies, ended effects, deadlines, sweeps) only makes it look again.
 */
export class SessionRunner {
  private readonly wake = new Wake();
  private readonly pace: Pace;
  private failures = 0;
  /** Something is not decided before the broker has what was committed. */
  private awaitsDelivery = false;
  /** What an earlier life had begun is gone on with, as far as it could be with the files in this state. */
  private resumedWith: FilesState | undefined;
  /** Times in a row that the cloud could not be read. */
  private cloudFailures = 0;
  private readonly instances: InstanceRecords;
  private readonly notes: WaitNotes;
  private readonly constraints: ConstraintWatch;
  private readonly tools: WorkflowTools;

  constructor(
    private readonly context: SessionContext,
    private readonly workflowName: string,
    private readonly outbox: OutboxPublisher,
    private readonly files: SessionFiles,
  ) {
    this.pace = new Pace(context, this.wake);
    this.instances = new InstanceRecords(context);
    this.notes = new WaitNotes(context);
    this.constraints = new ConstraintWatch(context.repositories);
    this.tools = workflowTools(context, new LearnedWatch(context));
  }

  raise(): void {
    this.wake.raise();
  }

  /** Everything that was committed is with the broker. */
  delivered(): void {
    if (this.awaitsDelivery) this.wake.raise();
  }

  /** Runs until the session is closed, the lease is lost or the engine lets go. */
  async run(): Promise<'closed' | 'let-go'> {
    while (!this.context.stopping.aborted) {
      try {
        if ((await this.turn()) === 'closed') return 'closed';
        this.failures = 0;
      } catch (error) {
        if (error instanceof LeaseLost || error instanceof Stopped) return 'let-go';
        // Everything was frozen in the middle of the turn: the next one sees it.
        if (error instanceof FenixError && error.code === 'frozen') continue;
        await this.afterTrouble(error).catch(() => undefined);
      }
    }
    return 'let-go';
  }

  /** Runs of plug-ins that are still to be downloaded come later. */
  private async resumeEffects(files: FilesState): Promise<void> {
    if (this.resumedWith === files) return;
    const { repositories, sessionId, effects, plugins } = this.context;
    for (const entry of await repositories.journal.list(sessionId)) {
      if (entry.kind === 'step' || entry.state !== 'begun') continue;
      if (entry.kind === 'plugin' && plugins.findAction(String(entry.intent.plugin)) === undefined) continue;
      effects.resume(entry);
    }
    this.resumedWith = files;
  }

  /** Takes what projects and admins have said. @returns how the session stands after it; whether it was frozen before */
  private async hear(): Promise<SessionStanding> {
    const { context } = this;
    const found = await this.standing();
    if (found.hasMail) await consumeInbox(context);
    const heard = found.hasMail ? await this.standing() : found;
    if (heard.session.aborting?.revert) context.takeBack.abort();
    return { ...heard, isFrozen: found.isFrozen };
  }

  private async standing(): Promise<SessionStanding> {
    const found = await this.context.repositories.sessions.standing(this.context.sessionId);
    if (found === undefined) throw new FenixError('missing', 'session-gone', 'The session is not in the database.');
    return found;
  }

  private async turn(): Promise<'closed' | 'goes-on'> {
    const { context, outbox } = this;
    this.pace.begin();
    const { settings } = context.repositories;
    const { session, isDeleted, isFrozen: wasFrozen } = await this.hear();
    const isEnding = isDeleted || session.aborting !== null || !isUnfinished(session.state);
    const files = this.files.attend(session, isEnding, wasFrozen);
    // Not before: moves may be wanted back since they were begun.
    await this.resumeEffects(files);
    if (wasFrozen) {
      // Read anew: what was thawed by a command that is consumed already wakes nobody.
      const freeze = await settings.frozen();
      if (freeze !== undefined) await this.hold(session, freeze);
      return 'goes-on';
    }
    if (isEnding) {
      this.awaitsDelivery = true;
      const step = files === 'coming' ? WAIT_FOR_FILES : await closeSession(context, session, outbox, isDeleted);
      if (typeof step === 'object') await this.whileClosing(session, step);
      return step === 'closed' ? 'closed' : 'goes-on';
    }
    if (session.pausedAt !== null)
      await this.pace.rest(plusSeconds(context.clock.now(), context.settings.blockedTimeoutS));
    else if (files === 'coming') await this.whileComing(session);
    else if (files === 'failed') await this.failWithoutFiles(session);
    else await this.workOn(session);
    return 'goes-on';
  }

  /** Downloads have time-outs of their own: the deadline that is told is as for anything else. */
  private async whileComing(session: Session): Promise<void> {
    const until = this.untilFor(session, WAIT_FOR_FILES.for);
    await this.notes.noteWait(session, {
      for: WAIT_FOR_FILES.for,
      message: 'Waiting for the downloads to come.',
      until,
    });
    await this.pace.rest(until);
  }

  /** Nothing of the session goes on before they are there, or go on from where they were. */
  private async failWithoutFiles(session: Session): Promise<void> {
    const { writer, effects, adminProjectId } = this.context;
    if (effects.count > 0) {
      const message = `Failing: the downloads did not come. Waiting for ${effects.count} effect(s) to end.`;
      const until = this.untilFor(session, 'effects');
      await this.notes.noteWait(session, { for: 'effects', message, until });
      return this.pace.rest(until);
    }
    const reason = this.files.tellFailure();
    const step: GoTo = { to: 'MAINTENANCE_FAILED', why: reason.message, reason };
    await writer.commit((unit) => transition(unit, session, step, adminProjectId));
  }

  /** When a wait for that word that is going on, or begins now, is over at the latest. */
  private untilFor(session: Session, word: string): Date {
    const { clock, settings } = this.context;
    const known = standingWait(session.waiting, word)?.until;
    const now = clock.now();
    return known !== undefined && known > now ? known : plusSeconds(now, settings.blockedTimeoutS);
  }

  /** An ending session waits for as long as it takes, and says for what. */
  private async whileClosing(session: Session, wait: ClosingWait): Promise<void> {
    const { clock, settings } = this.context;
    await this.notes.noteWait(session, { ...wait, until: this.untilFor(session, wait.for) });
    await this.pace.rest(plusSeconds(clock.now(), settings.cloudPollS));
  }

  /** Nothing begins and no time runs out until an operator thaws everything; `until` is when we look again. */
  private async hold(session: Session, freeze: Freeze): Promise<void> {
    const { clock, settings, writer, effects } = this.context;
    const { waiting } = session;
    const message = `${frozenSentence(freeze)}.`;
    const isNoted = waiting?.for === 'frozen' && waiting.message === message && waiting.until > clock.now();
    const until = isNoted ? waiting.until : plusSeconds(clock.now(), settings.blockedTimeoutS);
    if (!isNoted) {
      const noted: WaitReason = { for: 'frozen', message, since: freeze.since, until };
      await writer.commit((unit) => unit.patchSession({ waiting: noted }));
      this.context.log.info({ for: 'frozen', effects: effects.count }, message);
    }
    await this.pace.rest(until);
  }

  private async workOn(session: Session): Promise<void> {
    const { context } = this;
    let view: SessionView;
    let step: Step | undefined;
    let pending: readonly string[];
    try {
      view = await loadView(context, session, this.outbox, this.constraints);
      this.awaitsDelivery = view.undelivered && hasSilent(view);
      await this.instances.bringUpTo(view);
      await releaseHosts(context, session, view.hosts);
      pending = pendingInCloud(view);
      if (pending.length === 0) step = (await addPending(context, view)) ?? (await this.ask(session, view));
    } catch (error) {
      // Handlers read the cloud through their tools: that it can't be read is no error of theirs.
      return this.withoutCloud(session, error);
    }
    try {
      if (step === undefined) await joinPending(context, view, pending);
      else await this.carryOut(step, view);
    } catch (error) {
      if (!(error instanceof FenixError && error.retryable)) throw error;
      return this.withoutCloud(session, error);
    }
    this.cloudFailures = 0;
  }

  private async ask(session: Session, view: SessionView): Promise<Step> {
    const workflow = this.context.plugins.workflow(this.workflowName);
    const handler = workflow.states[session.state as keyof typeof workflow.states];
    return handler(view, this.tools);
  }

  private async carryOut(step: Step, view: SessionView): Promise<void> {
    if ('to' in step && step.to === 'MAINTENANCE_COMPLETE' && view.session.pendingHosts.length > 0) {
      return this.waitForAdded(view);
    }
    if ('to' in step) return this.goTo(step, view);
    if ('wait' in step) return this.waitFor(step, view);
    if ('apart' in step) return this.carryOutApart(step, view);
    for (const decision of step.do) {
      const notYet = await attempt(this.context, view, decision);
      if (notYet !== undefined) return this.notYet(notYet, view, { hosts: hostsOf(decision, view) });
    }
    await this.notes.forgetWait(view.session);
    await this.notes.noteHeld(view);
  }

  /** Hosts that are on their way into the cloud belong to the session: it is not over without them. */
  private waitForAdded(view: SessionView): Promise<void> {
    const until = deadline(view, 'host-scale', view.settings.blockedTimeoutS);
    const message = `Waiting for ${view.session.pendingHosts.join(', ')} to join the cloud.`;
    return this.waitFor({ wait: { for: 'host-scale', message, until } }, view);
  }

  /** One that is refused holds nobody else back; its host says for what it waits. */
  private async carryOutApart({ apart, held = [] }: DoApart, view: SessionView): Promise<void> {
    const { blockedTimeoutS } = this.context.settings;
    const { done, refusals } = await applyApart(apart, (decision) => attempt(this.context, view, decision));
    const refused = new Map<string, Held>();
    for (const { decision, notYet } of refusals) {
      for (const name of hostsOf(decision, view)) {
        const host = view.hosts.find(({ hostname }) => hostname === name);
        if (host !== undefined) refused.set(name, refusedOn(host, notYet, view.now, blockedTimeoutS));
      }
    }
    const all = [
      ...held.filter(({ host, instanceId }) => instanceId !== undefined || !refused.has(host)),
      ...refused.values(),
    ];
    const [first] = refusals;
    if (done === 0 && first !== undefined) return this.notYet(first.notYet, view, { held: all });
    await this.notes.forgetWait(view.session);
    await this.notes.noteHeld(view, all);
  }

  /** Looks again soon, but not for ever (L7). */
  private async notYet(
    notYet: NotYet,
    view: SessionView,
    whom: Pick<WaitFor['wait'], 'hosts' | 'held'>,
  ): Promise<void> {
    const { blockedTimeoutS } = this.context.settings;
    const until = standingWait(view.session.waiting, notYet.for)?.until ?? plusSeconds(view.now, blockedTimeoutS);
    if (view.now < until) return this.waitFor({ wait: { ...notYet, until, poll: true, ...whom } }, view);
    const reason = { code: 'blocked', message: notYet.message };
    return this.goTo({ to: 'MAINTENANCE_FAILED', why: notYet.message, reason }, view);
  }

  /** A session fails only after its effects have ended: nothing new begins, nothing is left half done (v1 §5.4). */
  private async goTo(step: GoTo, view: SessionView): Promise<void> {
    const { context } = this;
    if (step.to === 'MAINTENANCE_FAILED' && context.effects.count > 0) {
      const message = `Failing: ${step.reason?.message ?? step.why} Waiting for ${context.effects.count} effect(s) to end.`;
      const until = plusSeconds(view.now, context.settings.blockedTimeoutS);
      return this.waitFor({ wait: { for: 'effects', message, until } }, view);
    }
    await context.writer.commit(async (unit) => {
      transition(unit, view.session, step, context.adminProjectId);
      // Capacity was freed: what the cloud refused before may fit now.
      if (view.session.state === 'SCALE_IN') await context.repositories.facts.forget(context.sessionId, unit.tx);
    });
    // A state that only tells what is going on lifts nothing: whoever is held still is, and since when.
    if (step.derived !== true) await this.notes.noteHeld(view);
    context.log.info({ from: view.session.state, to: step.to, why: step.why }, 'state changed');
  }

  /** What is awaited past its deadline fails the session: nobody waits for ever (L7). */
  private async waitFor({ wait }: WaitFor, view: SessionView): Promise<void> {
    if (wait.until <= view.now) {
      const reason = { code: 'blocked', message: wait.message };
      return this.goTo({ to: 'MAINTENANCE_FAILED', why: wait.message, reason }, view);
    }
    await this.notes.noteWait(view.session, wait);
    await this.notes.noteHeld(view, heldBy(wait));
    const { clock, settings } = this.context;
    const soon = plusSeconds(clock.now(), settings.cloudPollS);
    await this.pace.rest(wait.poll && soon < wait.until ? soon : wait.until);
  }

  /**
   * The cloud can't be read: a wait with a reason and a deadline. After it the session fails, also with effects under
   * way: they can't end before the cloud is back either, and the closing waits for them and gives the hosts back then.
   */
  private async withoutCloud(session: Session, error: unknown): Promise<void> {
    if (!(error instanceof FenixError) || error instanceof LeaseLost) throw error;
    const { context } = this;
    const now = context.clock.now();
    const waiting = session.waiting?.for === 'cloud' ? session.waiting : undefined;
    const until = waiting?.until ?? plusSeconds(now, context.settings.blockedTimeoutS);
    const message = `The cloud cannot be read: ${error.message}`;
    if (now >= until) {
      const step: GoTo = { to: 'MAINTENANCE_FAILED', why: message, reason: { code: 'cloud-unreachable', message } };
      await context.writer.commit((unit) => transition(unit, session, step, context.adminProjectId));
      return;
    }
    await this.notes.noteInterruption(session, { for: 'cloud', message, until });
    await context.machine.sleepMs(backoffMs(TROUBLE, this.cloudFailures), context.stopping);
    this.cloudFailures += 1;
  }

  /** Our own database or a mistake in the code: told loudly and tried again, but not for ever (L7). */
  private async afterTrouble(error: unknown): Promise<void> {
    // A commit whose answer was lost may have begun something that nobody has started.
    this.resumedWith = undefined;
    const { log, machine, stopping, clock, settings } = this.context;
    log.error(
      { reason: messageOf(error), err: error, failures: this.failures },
      'session could not go on, trying again',
    );
    await machine.sleepMs(backoffMs(TROUBLE, this.failures), stopping);
    this.failures += 1;
    const session = await this.context.repositories.sessions.get(this.context.sessionId);
    if (session === undefined || !isUnfinished(session.state)) return;
    const message = `Fenix could not go on: ${messageOf(error)}`;
    const known = session.waiting?.for === 'trouble' ? session.waiting.until : undefined;
    const until = known ?? plusSeconds(clock.now(), settings.blockedTimeoutS);
    if (clock.now() < until || this.context.effects.count > 0) {
      return this.notes.noteInterruption(session, { for: 'trouble', message, until });
    }
    const step: GoTo = { to: 'MAINTENANCE_FAILED', why: message, reason: { code: 'trouble', message } };
    await this.context.writer.commit((unit) => transition(unit, session, step, this.context.adminProjectId));
  }
}

/** Somebody's time for an answer is over, which means nothing while the question may not have been delivered. */
function hasSilent({ notices, now }: SessionView): boolean {
  return notices.some(({ closedAt, replyAt }) => closedAt === null && replyAt !== null && replyAt <= now);
}
