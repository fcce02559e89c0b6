import { plusSeconds } from '../../common/clock.js';
import { Stopped } from '../../common/errors.js';
import type { ActionType, JournalEntry, PluginRun } from '../../model/index.js';
import type { ActionContext, ActionPhase, ActionPlugin } from '../../workflow/contract.js';
import { askWithin } from '../../workflow/running/bounded.js';
import { isFailure, type PluginOutcome } from '../../workflow/running/phases.js';
import { PluginRecord } from '../../workflow/running/record.js';
import type { SessionContext } from '../context.js';
import { commitHostChanges } from '../decisions/host-changes.js';
import { actionKey } from '../decisions/run-plugin.js';
import { LiveOutput } from './plugin-live.js';

/** What a plug-in run's journal entry keeps. */
export interface PluginIntent {
  readonly type: ActionType;
  readonly name: string;
  readonly plugin: string;
  readonly metadata: Record<string, unknown>;
  readonly sessionMetadata: Record<string, unknown>;
  /** Domain time, ISO 8601. */
  readonly begunAt: string;
  readonly phase: ActionPhase;
  /** Of a release: the attempt of the run that it is about. */
  readonly ofRun?: number;
  /** What the run keeps for itself, also over a crash. */
  readonly remembered?: Record<string, unknown>;
}

/** Runs an action plug-in on a host, bounded in time, and records its state. */
export async function runPlugin(session: SessionContext, entry: JournalEntry, resumed: boolean): Promise<void> {
  const intent = entry.intent as unknown as PluginIntent;
  const plugin = session.plugins.action(intent.plugin);
  session.guard.require();
  const record: PluginRecord = new PluginRecord(() => live.raise());
  const over = new AbortController();
  const live = new LiveOutput(session, entry, record, AbortSignal.any([session.stopping, over.signal]));
  const ended = await withinTime(session, entry, plugin, record, resumed).finally(() => over.abort());
  const outcome = { ...ended, ...record.kept };
  const failed = isFailure(outcome.state);
  // Told to let go, plug-ins end in many ways; none of them says anything about the host.
  if (failed && session.stopping.aborted) throw new Stopped();
  const { attempts, waitS } = plugin.retry ?? session.settings.pluginRetry;
  const retry = failed && entry.attempt < attempts;
  await session.writer.commit(async (unit) => {
    const retryAt = retry ? { retryAt: plusSeconds(unit.now, waitS).toISOString() } : {};
    await session.repositories.journal.end(entry, failed ? 'failed' : 'done', { ...outcome, ...retryAt }, unit.tx);
    const run: PluginRun = {
      sessionId: entry.sessionId,
      type: intent.type,
      name: intent.name,
      plugin: intent.plugin,
      hostname: entry.subject,
      state: stateToShow(intent.phase, outcome.state, failed),
      attempt: entry.attempt,
      startedAt: new Date(intent.begunAt),
      endedAt: unit.now,
      ...record.shown,
    };
    if (intent.phase === 'run' || intent.phase === 'undo') await session.repositories.pluginRuns.save(run, unit.tx);
    if (intent.phase === 'run' && !failed) await commitHostChanges(session, unit, entry.subject, record.changes);
    unit.tell(TOLD[intent.phase], {
      host: entry.subject,
      type: intent.type,
      name: intent.name,
      ...outcome,
    });
  });
  if (record.changes.length > 0) session.watch.hostsChanged();
  session.log.info({ host: entry.subject, plugin: intent.name, ...ended }, 'plug-in ended');
}

/** How the end of each phase is told in the history. */
const TOLD: Readonly<Record<ActionPhase, string>> = {
  check: 'plug-in-checked',
  run: 'plug-in-ended',
  undo: 'plug-in-undone',
  release: 'plug-in-released',
};

function stateToShow(phase: ActionPhase, state: string, failed: boolean): string {
  if (phase === 'undo') return failed ? 'UNDO_FAILED' : 'UNDONE';
  return state || 'FAILED';
}

async function withinTime(
  session: SessionContext,
  entry: JournalEntry,
  plugin: ActionPlugin,
  record: PluginRecord,
  resumed: boolean,
): Promise<PluginOutcome> {
  const { clock, stopping, settings, repositories } = session;
  const { begunAt } = entry.intent as unknown as PluginIntent;
  // What a first start of a first attempt could have kept is nothing.
  const isNew = entry.attempt === 1 && !resumed;
  const remembered = isNew ? {} : await repositories.journal.remembered(entry);
  const checked = plugin.check === undefined ? {} : await factsOfCheck(session, entry);
  const bounds = {
    clock,
    stopping,
    seconds: plugin.timeoutS ?? settings.actionPluginTimeoutS,
    // What an earlier life had begun gets its time again: while nobody looked, it may well have ended.
    begunAt: resumed ? clock.now() : new Date(begunAt),
  };
  return askWithin(plugin, bounds, resumed, (signal) => contextOf(session, entry, record, checked, signal, remembered));
}

/** What the action's own check found out about the host. */
async function factsOfCheck(
  { repositories }: SessionContext,
  { sessionId, subject, intent }: JournalEntry,
): Promise<Record<string, unknown>> {
  const { type, name } = intent as unknown as PluginIntent;
  const action = actionKey({ type, name }, 'check');
  const attempt = await repositories.journal.lastAttempt(sessionId, subject, action);
  const entry = await repositories.journal.find({ sessionId, subject, action, attempt });
  return (entry?.outcome?.facts ?? {}) as Record<string, unknown>;
}

function contextOf(
  session: SessionContext,
  entry: JournalEntry,
  { output, record, changed }: PluginRecord,
  checked: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  remembered: Record<string, unknown>,
): ActionContext {
  const { plugin, type, name, phase, metadata, sessionMetadata } = entry.intent as unknown as PluginIntent;
  return {
    sessionId: entry.sessionId,
    host: entry.subject,
    type,
    phase,
    name,
    metadata,
    sessionMetadata,
    checked,
    attempt: entry.attempt,
    log: session.log.child({ host: entry.subject, plugin: name }),
    clock: session.clock,
    signal,
    remote: session.tools.remote(entry.subject, signal, output),
    local: session.tools.local(plugin, signal, output),
    localFiles: session.tools.localFiles,
    cloud: session.tools.cloud,
    hooks: session.tools.hooks(signal),
    files: session.filesAt,
    output,
    record,
    remember: async (facts) => {
      await session.writer.commit((unit) => session.repositories.journal.remember(entry, facts, unit.tx));
      Object.assign(remembered, facts);
    },
    remembered,
    changed,
  };
}
