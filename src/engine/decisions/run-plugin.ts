import { FenixError } from '../../common/errors.js';
import type { JournalEntry, Session, SessionAction } from '../../model/index.js';
import type { ActionPhase } from '../../workflow/contract.js';
import type { RunPlugin } from '../../workflow/decisions.js';
import { ENGINE_HOST } from '../../workflow/maintaining.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import { beginEffect } from '../effects/begin.js';
import type { PluginIntent } from '../effects/plugin-run.js';
import type { Unit } from '../session-writer.js';

/** Begins one run of an action plug-in. */
export async function runPluginOn(context: SessionContext, view: SessionView, decision: RunPlugin): Promise<void> {
  const { host, type, name, check = false } = decision;
  const action = view.session.actions.find((candidate) => candidate.type === type && candidate.name === name);
  if (action === undefined) {
    throw new FenixError('terminal', 'plug-in-missing', `The session has no action ${name} of type ${type}.`);
  }
  const phase = check ? 'check' : 'run';
  const entry = await context.writer.commit((unit) => beginPlugin(context, unit, view.session, action, host, phase));
  context.effects.start(entry);
}

/** What the journal calls the work of an action in that phase. */
export function actionKey({ type, name }: Pick<SessionAction, 'type' | 'name'>, phase: ActionPhase): string {
  return phase === 'run' ? `${type}/${name}` : `${phase}:${type}/${name}`;
}

/** Writes the intent; start the effect with the returned entry after the commit. @throws FenixError `frozen` */
export async function beginPlugin(
  context: SessionContext,
  unit: Unit,
  session: Pick<Session, 'metadata'>,
  { type, name, plugin, metadata }: SessionAction,
  hostname: string,
  phase: ActionPhase,
): Promise<JournalEntry> {
  const begunAt = unit.now.toISOString();
  const intent: PluginIntent = { type, name, plugin, metadata, sessionMetadata: session.metadata, begunAt, phase };
  const entry = await beginEffect(context, unit, {
    kind: 'plugin',
    subject: hostname,
    // Of interest while the host still waits, or is no part of the session yet: so they stand under the engine's own name.
    host: phase === 'check' || type === 'pre' ? ENGINE_HOST : hostname,
    action: actionKey({ type, name }, phase),
    intent: { ...intent },
  });
  if (phase === 'check' || phase === 'release') return entry;
  const { sessionId, repositories } = context;
  const state = phase === 'undo' ? 'UNDOING' : 'RUNNING';
  const begun = { attempt: entry.attempt, startedAt: unit.now, endedAt: null, output: null, facts: null };
  await repositories.pluginRuns.save({ sessionId, type, name, plugin, hostname, state, ...begun }, unit.tx);
  return entry;
}
