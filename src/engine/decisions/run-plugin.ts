import { FenixError } from '../../common/errors.js';
import type { RunPlugin } from '../../workflow/decisions.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import { beginEffect } from '../effects/begin.js';
import type { PluginIntent } from '../effects/plugin-run.js';

/** Begins one run of an action plug-in. */
export async function runPluginOn(session: SessionContext, view: SessionView, decision: RunPlugin): Promise<void> {
  const { host, type, name } = decision;
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
    };
    const effect = { kind: 'plugin' as const, subject: host, host, action: `${type}/${name}`, intent: { ...intent } };
    const begun = await beginEffect(session, unit, effect);
    const run = { sessionId: session.sessionId, type, name, plugin, hostname: host, state: 'RUNNING' };
    const times = { attempt: begun.attempt, startedAt: unit.now, endedAt: null };
    await session.repositories.pluginRuns.save({ ...run, ...times }, unit.tx);
    return begun;
  });
  session.effects.start(entry);
}
