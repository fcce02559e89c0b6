import { hostNamed, type JournalEntry, type SessionAction } from '../model/index.js';
import type { GoTo } from '../workflow/decisions.js';
import { failing } from '../workflow/trouble.js';
import type { SessionView } from '../workflow/view.js';
import type { SessionContext } from './context.js';
import { actionKey, beginPlugin } from './decisions/run-plugin.js';

/* Hosts of `add_hosts` that Nova does not know yet are brought into the cloud by a run of `host-scale` each (v1 §1.5). */

const PLUGIN = 'host-scale';

function actionFor(host: string): SessionAction {
  return { name: PLUGIN, plugin: PLUGIN, type: 'pre', order: 0, metadata: { add: { hosts: [host] } } };
}

function lastRun({ effects }: SessionView, host: string): JournalEntry | undefined {
  const action = actionKey(actionFor(host), 'run');
  return effects.findLast((entry) => entry.subject === host && entry.action === action && entry.state !== 'superseded');
}

/** Those that an admin added and the cloud has: they join as they are, once the session has found its own. */
export function pendingInCloud(view: SessionView): string[] {
  if (view.hosts.length === 0) return [];
  const names = [...new Set(view.cloud.services.map(({ host }) => host))];
  return view.session.pendingHosts.filter(
    (host) => lastRun(view, host) === undefined && hostNamed(host, names, (name) => name) !== undefined,
  );
}

/**
 * Begins the runs that are due and takes note of those that have ended.
 * @returns how the session goes on where one failed for good, and the policy lets that end it
 */
export async function addPending(context: SessionContext, view: SessionView): Promise<GoTo | undefined> {
  if (view.hosts.length === 0) return undefined;
  const { session, settings } = view;
  let failed: GoTo | undefined;
  const ended: string[] = [];
  for (const host of session.pendingHosts) {
    const last = lastRun(view, host);
    if (last === undefined || mayRetry(last, view.now)) {
      const begun = await context.writer.commit((unit) =>
        beginPlugin(context, unit, session, actionFor(host), host, 'run'),
      );
      context.effects.start(begun);
    } else if (last.state === 'done') {
      ended.push(host);
    } else if (last.state === 'failed' && last.outcome?.retryAt === undefined) {
      const message = `Host ${host} could not be added: ${last.outcome?.message ?? `it returned "${last.outcome?.state}"`}`;
      const reach = session.policy.plugin_failed ?? settings.policy.plugin_failed ?? 'fail';
      if (reach === 'fail') failed ??= failing({ code: 'plugin-failed', message, host, plugin: PLUGIN });
      else context.log.error({ host }, message);
      // A session fails only after its effects have ended, and is asked until then. Continued, it goes on without the host.
      if (reach !== 'fail' || context.effects.count === 0) ended.push(host);
    }
  }
  if (ended.length > 0) {
    const pendingHosts = session.pendingHosts.filter((host) => !ended.includes(host));
    await context.writer.commit((unit) => unit.patchSession({ pendingHosts }));
  }
  return failed;
}

function mayRetry({ state, outcome }: JournalEntry, now: Date): boolean {
  return state === 'failed' && outcome?.retryAt !== undefined && new Date(String(outcome.retryAt)) <= now;
}
