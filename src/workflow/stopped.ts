import type { Impact } from '../model/index.js';
import type { Server } from './cloud-port.js';
import type { Decision, Step } from './decisions.js';
import { isDown } from './hosts.js';
import { resolveTrouble } from './trouble.js';
import type { SessionView } from './view.js';
import { deadline } from './waits.js';

/** An instance that Fenix stopped and owes a start (L6): its impact lasts from the stop to that. */
export function isOwedStart({ action, endedAt }: Impact): boolean {
  return action === 'STOP_START' && endedAt === null;
}

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
  const begun = new Set(view.effects.flatMap(({ state, subject }) => (state === 'begun' ? [subject] : [])));
  const owed = owedOn(view, host);
  if (owed.length === 0) return undefined;
  const { coldMigrationTimeoutS } = view.settings;
  if (isDown(view.cloud, host)) {
    const until = deadline(view, 'host-down', coldMigrationTimeoutS);
    const message = `Waiting for ${host} to be up again: ${owed.length} instance(s) are to be started there.`;
    if (until > view.now) return { wait: { for: 'host-down', message, until, poll: true } };
  }
  const decisions: Decision[] = [];
  for (const impact of owed.filter(({ instanceId }) => !begun.has(instanceId))) {
    const last = lastStart(view, impact);
    if (last?.state !== 'failed') decisions.push({ kind: 'start-instance', impact });
    else {
      const { instanceId, projectId } = impact;
      const message = `Instance ${instanceId} was stopped and could not be started: ${last.outcome?.message}`;
      const reason = { code: 'instance-failed', message, host, instanceId, projectId };
      return resolveTrouble(view, { event: 'instance_failed', reason, hosts: [host], entry: last });
    }
  }
  if (decisions.length > 0) return { do: decisions };
  const message = `Waiting for ${owed.length} instance(s) to be started on ${host}.`;
  const until = deadline(view, 'starts', coldMigrationTimeoutS);
  const later = new Date(view.now.getTime() + 60_000);
  return { wait: { for: 'starts', message, until: until > view.now ? until : later, poll: true } };
}

/** The same for a host that is through; what could not be started there is tried again when the session ends. */
export function startLeft(view: SessionView, host: string): Step | undefined {
  return owedOn(view, host).every((impact) => lastStart(view, impact)?.state === 'failed')
    ? undefined
    : startStopped(view, host);
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
