import { plusSeconds } from '../../common/clock.js';
import { messageOf, Stopped } from '../../common/errors.js';
import type { ActionType, JournalEntry, PluginRun } from '../../model/index.js';
import type { ActionContext, ActionPlugin } from '../../workflow/contract.js';
import type { SessionContext } from '../context.js';

/** What a plug-in run's journal entry keeps. */
export interface PluginIntent {
  readonly type: ActionType;
  readonly name: string;
  readonly plugin: string;
  readonly metadata: Record<string, unknown>;
  readonly sessionMetadata: Record<string, unknown>;
  /** Domain time, ISO 8601. */
  readonly begunAt: string;
  /** Only the pre-flight. */
  readonly check: boolean;
}

/** What a failed run's journal entry says beside the state: when the plug-in's retry class allows another. */
export interface PluginOutcome {
  readonly state: string;
  readonly message?: string;
  readonly retryAt?: string;
}

/** Runs an action plug-in on a host, bounded in time, and records its state. */
export async function runPlugin(session: SessionContext, entry: JournalEntry, resumed: boolean): Promise<void> {
  const intent = entry.intent as unknown as PluginIntent;
  const plugin = session.plugins.action(intent.plugin);
  const outcome = await withinTime(session, entry, plugin, resumed);
  const failed = outcome.state === '' || outcome.state.includes('FAILED');
  // Told to let go, plug-ins end in many ways; none of them says anything about the host.
  if (failed && session.stopping.aborted) throw new Stopped();
  const retry = failed && entry.attempt < (plugin.retry?.attempts ?? 1);
  await session.writer.commit(async (unit) => {
    const retryAt = retry ? { retryAt: plusSeconds(unit.now, plugin.retry?.waitS ?? 0).toISOString() } : {};
    await session.repositories.journal.end(entry, failed ? 'failed' : 'done', { ...outcome, ...retryAt }, unit.tx);
    const run: PluginRun = {
      sessionId: entry.sessionId,
      type: intent.type,
      name: intent.name,
      plugin: intent.plugin,
      hostname: entry.subject,
      state: outcome.state || 'FAILED',
      attempt: entry.attempt,
      startedAt: new Date(intent.begunAt),
      endedAt: unit.now,
    };
    if (!intent.check) await session.repositories.pluginRuns.save(run, unit.tx);
    unit.tell(intent.check ? 'plug-in-checked' : 'plug-in-ended', {
      host: entry.subject,
      type: intent.type,
      name: intent.name,
      ...outcome,
    });
  });
  session.log.info({ host: entry.subject, plugin: intent.name, ...outcome }, 'plug-in ended');
}

async function withinTime(
  session: SessionContext,
  entry: JournalEntry,
  plugin: ActionPlugin,
  resumed: boolean,
): Promise<PluginOutcome> {
  const intent = entry.intent as unknown as PluginIntent;
  const seconds = plugin.timeoutS ?? session.settings.actionPluginTimeoutS;
  const ended = new AbortController();
  const signal = AbortSignal.any([session.stopping, ended.signal]);
  // What an earlier life had begun gets its time again: while nobody looked, it may well have ended.
  const begunAt = resumed ? session.clock.now() : new Date(intent.begunAt);
  const timeUp = session.clock
    .sleep(plusSeconds(begunAt, seconds), signal)
    .then((): PluginOutcome => ({ state: 'FAILED', message: `${intent.name} did not end within ${seconds} s.` }));
  const context = contextOf(session, entry, intent, signal);
  try {
    const work = intent.check ? checkState(plugin, context) : stateOf(plugin, context, resumed);
    return await Promise.race([work, timeUp]);
  } finally {
    timeUp.catch(() => undefined);
    ended.abort();
  }
}

async function checkState(plugin: ActionPlugin, context: ActionContext): Promise<PluginOutcome> {
  try {
    const fits = plugin.check === undefined || (await plugin.check(context));
    return fits ? { state: 'DONE' } : { state: 'FAILED', message: `${context.name} says that it cannot run here.` };
  } catch (error) {
    if (error instanceof Stopped) throw error;
    return { state: 'FAILED', message: messageOf(error) };
  }
}

async function stateOf(plugin: ActionPlugin, context: ActionContext, resumed: boolean): Promise<PluginOutcome> {
  try {
    // An earlier life may have finished the work.
    const doneBefore = resumed && plugin.probe !== undefined && (await plugin.probe(context));
    const state = doneBefore ? 'DONE' : await plugin.run(context);
    if (plugin.verify !== undefined && state === 'DONE' && !(await plugin.verify(context))) {
      return { state: 'FAILED', message: `${context.name} says that its work cannot be seen on the host.` };
    }
    return { state: String(state ?? '') };
  } catch (error) {
    if (error instanceof Stopped) throw error;
    return { state: 'FAILED', message: messageOf(error) };
  }
}

function contextOf(
  session: SessionContext,
  entry: JournalEntry,
  intent: PluginIntent,
  signal: AbortSignal,
): ActionContext {
  const { type, name, metadata, sessionMetadata } = intent;
  return {
    sessionId: entry.sessionId,
    host: entry.subject,
    type,
    name,
    metadata,
    sessionMetadata,
    attempt: entry.attempt,
    log: session.log.child({ host: entry.subject, plugin: name }),
    clock: session.clock,
    signal,
  };
}
