import { type ActionType, type JournalEntry, type SessionAction, type SessionHost } from '../model/index.js';
import type { Decision, Step } from './decisions.js';
import type { Trouble } from './trouble.js';
import type { SessionView, WorkflowTools } from './view.js';
import { deadline } from './waits.js';

/** Under this name `pre`, `post` and pre-flight checks run: on the engine itself. */
export const ENGINE_HOST = 'localhost';
/** Pre-flight checks under way at once. */
const CHECKS_AT_ONCE = 20;

/** The session's actions of a type in the order in which they run (v1 §6.1). */
export function actionsOf(view: Pick<SessionView, 'session'>, type: ActionType): SessionAction[] {
  return view.session.actions
    .filter((action) => action.type === type)
    .sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1));
}

/** What runs on a host: `host` first, then its type's; a controller that is a compute as well gets both. */
export function actionsFor(view: Pick<SessionView, 'session'>, host: SessionHost): SessionAction[] {
  const types: ActionType[] = ['host', host.type];
  if (host.isCompute && host.type !== 'compute') types.push('compute');
  return types.flatMap((type) => actionsOf(view, type));
}

export type Progress =
  | { readonly done: true }
  | { readonly done: false; readonly step: Step }
  | { readonly done: false; readonly trouble: Trouble };

/** How far the actions on `hostname` have come, one after the other; the next step to take. */
export function progressOf(view: SessionView, hostname: string, actions: readonly SessionAction[]): Progress {
  for (const { type, name, plugin } of actions) {
    const last = lastRun(view, hostname, `${type}/${name}`);
    if (last?.state === 'done') continue;
    const run = { kind: 'run-plugin', host: hostname, type, name } as const;
    if (last === undefined) return { done: false, step: { do: [run] } };
    if (last.state === 'begun') {
      const message = `Waiting for ${name} (${type}) on ${hostname} to end.`;
      const until = new Date(
        new Date(String(last.intent.begunAt)).getTime() + view.settings.actionPluginTimeoutS * 1000,
      );
      return { done: false, step: { wait: { for: 'plug-in', message, until: later(until, view.now) } } };
    }
    const retryAt = last.outcome?.retryAt === undefined ? undefined : new Date(String(last.outcome.retryAt));
    if (retryAt === undefined) {
      const why = String(last.outcome?.message ?? `it returned "${last.outcome?.state}"`);
      const message = `Plug-in ${name} (${type}) failed on ${hostname}: ${why}`;
      const reason = { code: 'plugin-failed', message, host: hostname, plugin };
      const hosts = view.hosts.some((host) => host.hostname === hostname) ? [hostname] : [];
      return { done: false, trouble: { event: 'plugin_failed', reason, hosts, entry: last } };
    }
    if (retryAt <= view.now) return { done: false, step: { do: [run] } };
    const message = `Trying ${name} (${type}) on ${hostname} once more soon.`;
    return { done: false, step: { wait: { for: 'plug-in-retry', message, until: retryAt } } };
  }
  return { done: true };
}

/**
 * Pre-flight: every action that can is asked whether it could run, on all its hosts, before anyone is told (v1 §6.1).
 * A no is a failure of the plug-in, but nothing was disabled for it.
 */
export function preflight(view: SessionView, hasCheck: WorkflowTools['hasCheck']): Progress {
  const decisions: Decision[] = [];
  let underWay = 0;
  for (const host of view.hosts.filter((one) => one.state === 'waiting')) {
    for (const { type, name, plugin } of actionsFor(view, host).filter(hasCheck)) {
      const last = lastRun(view, host.hostname, `check:${type}/${name}`);
      if (last === undefined) decisions.push({ kind: 'run-plugin', host: host.hostname, type, name, check: true });
      else if (last.state === 'begun') underWay += 1;
      else if (last.state === 'failed') return { done: false, trouble: cannotRun(last, host.hostname, name, plugin) };
    }
  }
  const next = decisions.slice(0, Math.max(0, CHECKS_AT_ONCE - underWay));
  if (next.length > 0) return { done: false, step: { do: next } };
  if (underWay === 0) return { done: true };
  const message = `Checking on ${underWay} host(s) whether the actions could run there.`;
  const until = deadline(view, 'check', view.settings.actionPluginTimeoutS);
  return { done: false, step: { wait: { for: 'check', message, until: later(until, view.now) } } };
}

function cannotRun(entry: JournalEntry, host: string, name: string, plugin: string): Trouble {
  const message = `Plug-in ${name} cannot run on ${host}: ${entry.outcome?.message ?? 'its check failed.'}`;
  return { event: 'plugin_failed', reason: { code: 'plugin-failed', message, host, plugin }, hosts: [host], entry };
}

function lastRun(view: SessionView, hostname: string, action: string): JournalEntry | undefined {
  return view.effects
    .filter((entry) => entry.kind === 'plugin' && entry.state !== 'superseded')
    .filter((entry) => entry.subject === hostname && entry.action === action)
    .reduce<JournalEntry | undefined>(
      (last, entry) => (last && last.attempt > entry.attempt ? last : entry),
      undefined,
    );
}

/** A plug-in with a time-out of its own may still run past the common one: the effect itself keeps time. */
function later(until: Date, now: Date): Date {
  return until > now ? until : new Date(now.getTime() + 60_000);
}
