import { plusSeconds } from '../common/clock.js';
import { type Impact, isOwedStart, type JournalEntry } from '../model/index.js';
import type { Server } from './cloud-port.js';
import type { Decision, Step } from './decisions.js';
import { isDown } from './hosts.js';
import { resolveTrouble, type Trouble } from './trouble.js';
import type { SessionView } from './view.js';
import { deadline, holding } from './waits.js';

/** It stays on its host, stopped under `stop_while_out`, by this session or by an earlier one that left it so. */
export function isStopped(view: SessionView, { id, host, status }: Server): boolean {
  if (status !== 'SHUTOFF' || host === null) return false;
  const last = view.effects.findLast(
    ({ kind, subject, state, intent }) =>
      kind === 'move' && subject === id && state !== 'superseded' && intent.from === host,
  );
  if (last?.state === 'begun') return false;
  return last?.outcome?.result === 'stopped' || owedOn(view, host).some(({ instanceId }) => instanceId === id);
}

function owedOn(view: SessionView, host: string): Impact[] {
  return view.impacts.filter((impact) => isOwedStart(impact) && impact.sourceHost === host);
}

/** Starts again what was stopped on the host; undefined when nothing is owed there. */
export function startStopped(view: SessionView, host: string): Step | undefined {
  return start(view, host, owedOn(view, host));
}

/** The same for a host that is through; what could not be started there is tried again when the session ends. */
export function startLeft(view: SessionView, host: string): Step | undefined {
  return start(
    view,
    host,
    owedOn(view, host).filter((impact) => lastStart(view, impact)?.state !== 'failed'),
  );
}

function start(view: SessionView, host: string, owed: readonly Impact[]): Step | undefined {
  if (owed.length === 0) return undefined;
  const { coldMigrationTimeoutS } = view.settings;
  if (isDown(view.cloud, host)) {
    const until = deadline(view, 'host-down', coldMigrationTimeoutS);
    const message = `Waiting for ${host} to be up again: ${owed.length} instance(s) are to be started there.`;
    if (until > view.now) return holding({ wait: { for: 'host-down', message, until, poll: true } }, [host]);
  }
  const begun = new Set(view.effects.flatMap(({ state, subject }) => (state === 'begun' ? [subject] : [])));
  const decisions: Decision[] = [];
  for (const impact of owed.filter(({ instanceId }) => !begun.has(instanceId))) {
    const last = lastStart(view, impact);
    if (last?.state === 'failed') return resolveTrouble(view, notStarted(impact, last));
    decisions.push({ kind: 'start-instance', impact });
  }
  if (decisions.length > 0) return { do: decisions };
  const message = `Waiting for ${owed.length} instance(s) to be started on ${host}.`;
  const until = deadline(view, 'starts', coldMigrationTimeoutS);
  const later = plusSeconds(view.now, 60);
  return holding({ wait: { for: 'starts', message, until: until > view.now ? until : later, poll: true } }, [host]);
}

function notStarted({ instanceId, projectId, sourceHost: host }: Impact, entry: JournalEntry): Trouble {
  const message = `Instance ${instanceId} was stopped and could not be started: ${entry.outcome?.message}`;
  const reason = { code: 'instance-failed', message, host, instanceId, projectId };
  return { event: 'instance_failed', reason, hosts: [host], entry };
}

function lastStart(view: SessionView, { instanceId, sessionId, attempt }: Impact) {
  return view.effects.findLast(
    ({ kind, subject, state, intent }) =>
      kind === 'start' &&
      subject === instanceId &&
      state !== 'superseded' &&
      intent.stoppedBy === sessionId &&
      intent.stopAttempt === attempt,
  );
}
