import { readFileSync } from 'node:fs';
import type { SessionDetail } from '../../../src/client/index.js';
import { Repositories } from '../../../src/db/repositories.js';
import type { JudgeOptions } from '../../../src/simulator/index.js';
import { statusOf } from '../../../src/simulator/records.js';
import type { Scene, Stage } from './stage.js';

/** Managers act once per receipt of these, so the outbox does not send them again (L4). */
const ONCE = new Set(['SCALE_IN', 'MAINTENANCE_COMPLETE']);

/** How a run ended, in lines without what differs from run to run: two that went the same way have the same ones. */
export interface Outcome {
  /** Of the session and its hosts, instances, plug-ins and effects, by the service's own word. */
  readonly session: readonly string[];
  /** Of the cloud: where what is, in which state. */
  readonly cloud: readonly string[];
  /** Every request of the service that was to change the cloud, with its answer; all that came of it. */
  readonly effects: readonly string[];
  /** What was sent to managers, by its content: each thing once, however often it was delivered. */
  readonly notices: readonly string[];
}

/** What one has and the other one has not, a sentence for each part of it. */
export function differences(expected: Outcome, found: Outcome): string[] {
  return (Object.keys(expected) as (keyof Outcome)[]).flatMap((part) => {
    const lacking = without(expected[part], found[part]);
    const more = without(found[part], expected[part]);
    return [
      ...(lacking.length > 0 ? [`${part} without ${lacking.join(', ')}`] : []),
      ...(more.length > 0 ? [`${part} with ${more.join(', ')}`] : []),
    ];
  });
}

/** As often as each line is there. */
function without(lines: readonly string[], taken: readonly string[]): string[] {
  const left = [...taken];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** @param sessionId stands in reasons, and is another one in each run */
export async function outcomeOf(
  { database }: Stage,
  { simulator, client, log }: Scene,
  sessionId: string,
): Promise<Outcome> {
  const repositories = new Repositories(database);
  const names = new Map(simulator.cloud.log.of('instance-added').map(({ instanceId, name }) => [instanceId, name]));
  const plain = (text: string): string => {
    let shown = text.replaceAll(sessionId, '<session>');
    for (const [id, name] of names) shown = shown.replaceAll(id, name);
    return shown;
  };
  const journal = await repositories.journal.list(sessionId);
  const notices = await repositories.notices.list(sessionId);
  const calls = simulator.log
    .of('call')
    .filter(({ projectId, path }) => isService(simulator, projectId) && !path.includes('/auth/'))
    .map(({ method, path, body, status }) => `${method} ${path} ${JSON.stringify(body)} ${status}`);
  const moves = simulator.log
    .of('move-ended')
    .map(({ instanceId, type, outcome }) => `${type} of ${instanceId} ${outcome}`);
  const installed = readFileSync(log, 'utf8').split('\n');
  return {
    session: [...shownOf(await client.detail(sessionId)), ...journal.filter(isEffect).map(wordsOf)].map(plain),
    cloud: [
      ...[...simulator.cloud.hosts.values()].map(
        ({ name, enabled, disabledReason }) => `${name} ${enabled ? 'enabled' : `disabled: ${disabledReason}`}`,
      ),
      ...simulator.cloud.instances().map((one) => `${one.name} on ${one.host} ${statusOf(one)} ${one.taskState}`),
    ].map(plain),
    effects: [...calls, ...moves, ...installed].map((line) =>
      plain(line)
        .replace(/migrations\/\d+/, 'migrations/<id>')
        .replace(/allocations\/[0-9a-f-]{36}/, 'allocations/<consumer>'),
    ),
    notices: notices.map(({ state, instanceIds, host, outcome }) =>
      plain(`${state} for ${[...instanceIds].sort()} on ${host}: ${ONCE.has(state) ? 'answered or lost' : outcome}`),
    ),
  };
}

/** What is wrong with a run by itself, a sentence each; `lost`: notices that the protocol lets be lost. */
export async function faultsOf(
  { database }: Stage,
  { simulator, heard }: Scene,
  sessionId: string,
  judgeBy: JudgeOptions,
): Promise<{ readonly faults: readonly string[]; readonly lost: number }> {
  const repositories = new Repositories(database);
  const { violations, problems } = simulator.report(judgeBy);
  const faults = [...violations.map(({ sentence }) => sentence), ...problems];
  for (const { action, subject, state } of await repositories.journal.list(sessionId))
    if (state === 'begun') faults.push(`The journal's ${action} of ${subject} has no outcome.`);
  const open = await repositories.impacts.open();
  for (const { instanceId } of open) faults.push(`Instance ${instanceId} counts as impacted for ever.`);
  for (const { host, instanceId } of await repositories.placeholders.all())
    faults.push(`Room on ${host} is still written down as held for ${instanceId}.`);
  for (const name of simulator.cloud.hosts.keys())
    for (const { consumer, consumerType } of simulator.cloud.allocations.on(name))
      if (consumerType !== undefined) faults.push(`Placement still holds room on ${name} for ${consumer}.`);
  const rows: Record<string, unknown>[] = await database.knex('outbox').where({ session_id: sessionId }).select();
  const posts = simulator.log.of('alarm-post').filter(({ status }) => status !== null && status < 300);
  let lost = 0;
  for (const row of rows) {
    const state = String(JSON.parse(String(row.payload)).state);
    const id = String(row.message_id);
    const isNotice = row.event_type === 'maintenance.scheduled';
    const times = isNotice
      ? posts.filter(({ messageId }) => messageId === id).length
      : heard.filter((one) => one === id).length;
    const what = `${row.event_type} ${state}`;
    if (row.published_at === null) faults.push(`${what} is still in the outbox.`);
    if (times === 0 && ONCE.has(state) && isNotice) lost += 1;
    else if (times === 0) faults.push(`${what} was never received.`);
    if (times > 1 && ONCE.has(state) && isNotice) faults.push(`${what} was received ${times} times.`);
  }
  return { faults, lost };
}

function shownOf(detail: SessionDetail): string[] {
  return [
    `${detail.state}, ${detail.reason?.code ?? 'no reason'}, ${detail.percent_done} %`,
    ...detail.hosts.map((one) => `${one.hostname} ${one.state}, ours: ${one.disabled}, maintained: ${one.maintained}`),
    ...detail.action_plugin_instances.map((one) => `${one.plugin} on ${one.hostname} ${one.state}`),
    // Its state is as it was seen last, which depends on the moment.
    ...detail.instances.map(({ instance_name: name, host, state, action_done: isDone }) =>
      state === 'GONE' ? `${name} is gone` : `${name} on ${host}, moved: ${isDone}`,
    ),
  ];
}

interface Entry {
  readonly kind: string;
  readonly action: string;
  readonly attempt: number;
  readonly state: string;
}

const isEffect = ({ kind }: Entry): boolean => kind !== 'step';
const wordsOf = ({ kind, action, attempt, state }: Entry): string => `${kind} ${action} ${attempt} ${state}`;

function isService({ cloud, serviceCredentials }: Scene['simulator'], projectId: string | null): boolean {
  return projectId !== null && cloud.projects.get(projectId)?.name === serviceCredentials.projectName;
}
