import { type JournalEntry, type Session, type SessionAction, type SessionHost } from '../model/index.js';
import { computeServiceOf, disabledReason } from '../workflow/hosts.js';
import { actionsFor, actionsOf, ENGINE_HOST } from '../workflow/maintaining.js';
import type { PluginRegistry } from '../workflow/registry.js';
import { hasOneOf } from '../workflow/running/asked-if.js';
import type { SessionContext } from './context.js';
import { setState } from './decisions/host-state.js';
import { actionKey, beginPlugin } from './decisions/run-plugin.js';

/* What plug-ins did is undone when a session is aborted (v1 §1.5, §6.1), host by host, what was begun last first. */

/** What an action came to on a host. */
export interface Work {
  readonly action: SessionAction;
  readonly run: JournalEntry;
  readonly undo: JournalEntry | undefined;
  /** Of that run. */
  readonly release: JournalEntry | undefined;
}

/**
 * Takes the next step on each host on which actions began and did not all end, and gives back as `waiting` the ones on
 * which everything is undone.
 * @returns a sentence while there is something to wait for
 */
export async function undoOnHosts(
  context: SessionContext,
  session: Session,
  hosts: readonly SessionHost[],
  journal: readonly JournalEntry[],
): Promise<string | undefined> {
  let waiting: string | undefined;
  for (const host of hosts.filter(({ state }) => state === 'in_maintenance' || state === 'failed')) {
    const actions = actionsFor({ session }, host);
    const works = worksOn(host.hostname, actions, journal);
    if (works.length === 0 || works.filter(({ run }) => run.state === 'done').length === actions.length) continue;
    if (works.every(({ undo }) => undo?.state === 'done')) {
      await context.writer.commit(async (unit) => {
        await setState(context, unit, host, 'waiting', 'its actions were undone');
        await context.repositories.hosts.update(session.sessionId, host.hostname, { lost: null }, unit.tx);
      });
    } else if (await isStillOurs(context, host)) {
      waiting = (await undoNext(context, session, host.hostname, works)) ?? waiting;
    }
  }
  return waiting;
}

/** The same for `pre` and `post`, unless all of them have ended: then the session as a whole has. */
export async function undoOnEngine(
  context: SessionContext,
  session: Session,
  journal: readonly JournalEntry[],
): Promise<string | undefined> {
  const post = actionsOf({ session }, 'post');
  const ended = worksOn(ENGINE_HOST, post, journal).filter(({ run }) => run.state === 'done');
  if (post.length > 0 && ended.length === post.length) return undefined;
  const works = worksOn(ENGINE_HOST, [...actionsOf({ session }, 'pre'), ...post], journal);
  return undoNext(context, session, ENGINE_HOST, works);
}

/** What keeps the host disabled: an action that did not succeed and was not undone, or an undo that failed. */
export function unsuccessful(
  session: Session,
  host: SessionHost,
  journal: readonly JournalEntry[],
): JournalEntry | undefined {
  for (const { run, undo } of worksOn(host.hostname, actionsFor({ session }, host), journal)) {
    if (undo !== undefined && undo.state !== 'done') return undo;
    if (undo === undefined && run.state !== 'done') return run;
  }
  return undefined;
}

/** The actions that ran there, whatever came of it, the last one first. */
export function worksOn(hostname: string, actions: readonly SessionAction[], journal: readonly JournalEntry[]): Work[] {
  const entries = journal.filter(({ kind, subject }) => kind === 'plugin' && subject === hostname);
  const newest = new Map<string, JournalEntry>();
  for (const entry of entries) {
    const known = newest.get(entry.action);
    if (known === undefined || known.attempt < entry.attempt) newest.set(entry.action, entry);
  }
  return actions
    .flatMap((action) => {
      const run = newest.get(actionKey(action, 'run'));
      if (run === undefined) return [];
      const release = newest.get(actionKey(action, 'release'));
      const since = release?.intent.ofRun === run.attempt ? release : undefined;
      return [{ action, run, undo: newest.get(actionKey(action, 'undo')), release: since }];
    })
    .reverse();
}

/** One after the other; after an undo that failed for good nothing that was done before it is touched. */
async function undoNext(
  context: SessionContext,
  session: Session,
  hostname: string,
  works: readonly Work[],
): Promise<string | undefined> {
  const next = nextUndo(context.plugins, works);
  if (next === undefined) return undefined;
  const { action, undo } = next;
  const retryAt = retryTime(undo);
  if (undo?.state === 'failed' && retryAt === undefined) return undefined;
  const message = `Ending: ${action.name} (${action.type}) is being undone on ${hostname}.`;
  if (undo?.state === 'begun' || (retryAt !== undefined && retryAt > context.clock.now())) return message;
  const begun = await context.writer.commit(async (unit) => {
    if (hostname !== ENGINE_HOST) {
      const { claims } = context.repositories;
      if (!(await claims.claim(session.sessionId, [hostname], unit.tx)).claimed) return undefined;
    }
    return beginPlugin(context, unit, session, action, hostname, 'undo');
  });
  if (begun === undefined) return undefined;
  context.effects.start(begun);
  return message;
}

function nextUndo(plugins: PluginRegistry, works: readonly Work[]): Work | undefined {
  return works.find(({ action, undo }) => undo?.state !== 'done' && isUndoable(plugins, action));
}

/** One that cannot be downloaded again is passed over like one without undo: its host stays disabled. */
function isUndoable(plugins: PluginRegistry, { plugin, metadata }: SessionAction): boolean {
  const { undo, undoIf } = plugins.findAction(plugin) ?? {};
  return undo !== undefined && hasOneOf(metadata, undoIf);
}

function retryTime(undo: JournalEntry | undefined): Date | undefined {
  const retryAt = undo?.outcome?.retryAt;
  return retryAt === undefined ? undefined : new Date(String(retryAt));
}

/** A session that failed holds no claims: another one may have taken the host, and maintained it, since. */
async function isStillOurs({ cloud, sessionId }: SessionContext, host: SessionHost): Promise<boolean> {
  if (!host.disabled) return true;
  const service = computeServiceOf({ services: await cloud.services() }, host.hostname);
  return service === undefined || (service.disabledReason ?? '').startsWith(disabledReason(sessionId));
}
