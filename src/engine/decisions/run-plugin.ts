import { FenixError } from '../../common/errors.js';
import type { RunPlugin } from '../../workflow/decisions.js';
import { ENGINE_HOST } from '../../workflow/maintaining.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import { beginEffect } from '../effects/begin.js';
import type { PluginIntent } from '../effects/plugin-run.js';

/** Begins one run of an action plug-in. */
export async function runPluginOn(session: SessionContext, view: SessionView, decision: RunPlugin): Promise<void> {
  const { host, type, name, check = false } = decision;
  const action = view.session.actions.find((candidate) => candidate.type === type && candidate.name === name);
  if (action === undefined) {
    throw new FenixError('terminal', 'plug-in-missing', `The session has no action ${name} of type ${type}.`);
  }
  const { plugin, metadata } = action;
  const entry = await session.writer.commit(async (unit) => {
    const intent: PluginIntent = {
      type: action.type,
      name,
      plugin,
      metadata,
      sessionMetadata: view.session.metadata,
      begunAt: unit.now.toISOString(),
      check,
    };
    // Checks are of interest while the host still waits, so they stand under the engine's own name.
    const about = check ? { host: ENGINE_HOST, action: `check:${type}/${name}` } : { host, action: `${type}/${name}` };
    const effect = { kind: 'plugin' as const, subject: host, ...about, intent: { ...intent } };
    const begun = await beginEffect(session, unit, effect);
    if (check) return begun;
    const run = { sessionId: session.sessionId, type, name, plugin, hostname: host, state: 'RUNNING' };
    const times = { attempt: begun.attempt, startedAt: unit.now, endedAt: null };
    await session.repositories.pluginRuns.save({ ...run, ...times }, unit.tx);
    return begun;
  });
  session.effects.start(entry);
}
