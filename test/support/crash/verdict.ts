import { readFileSync } from 'node:fs';
import type { SessionDetail } from '../../../src/client/index.js';
import { Repositories } from '../../../src/db/repositories.js';
import type { JudgeOptions } from '../../../src/simulator/index.js';
import { statusOf } from '../../../src/simulator/records.js';
import type { Scene, Stage } from './stage.js';

/** Managers act once per receipt of these, so the outbox does not send them again (L4). */
const ONCE = new Set(['SCALE_IN', 'MAINTENANCE_COMPLETE']);

/** How a run ended: two that went the same way have the same. */
export interface Outcome {
  /** Of the session and its hosts, instances, plug-ins and effects, by the service's own word. */
  readonly session: object;
  /** Of the cloud: where what is, in which state. */
  readonly cloud: object;
  /** Every request of the service that was to change the cloud, with its answer; every move that came of it. */
  readonly effects: readonly string[];
  /** What was sent to managers, by its content: each thing once, however often it was delivered. */
  readonly notices: readonly string[];
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
  return {
    session: { ...shownOf(await client.detail(sessionId)), effects: journal.filter(isEffect).map(wordsOf).sort() },
    cloud: {
      hosts: [...simulator.cloud.hosts.values()].map(({ name, enabled, disabledReason }) =>
        plain(`${name} ${enabled} ${disabledReason}`),
      ),
      instances: simulator.cloud
        .instances()
        .map((instance) => plain(`${instance.name} on ${instance.host} ${statusOf(instance)} ${instance.taskState}`))
        .sort(),
    },
    effects: [
      ...simulator.log
        .of('call')
        .filter(({ projectId, path }) => isService(simulator, projectId) && !path.includes('/auth/'))
        .map(({ method, path, body, status }) => plain(`${method} ${path} ${JSON.stringify(body)} ${status}`)),
      ...simulator.log
        .of('move-ended')
        .map(({ instanceId, type, outcome }) => plain(`${type} of ${instanceId}: ${outcome}`)),
      ...readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    ]
      .map((text) => text.replace(/migrations\/\d+/, 'migrations/<id>'))
      .sort(),
    notices: notices
      .map(({ state, instanceIds, host, outcome }) =>
        plain(`${state} for ${[...instanceIds].sort()} on ${host}: ${outcome}`),
      )
      .sort(),
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

function shownOf(detail: SessionDetail): object {
  return {
    state: detail.state,
    reason: detail.reason?.code ?? null,
    percent: detail.percent_done,
    hosts: detail.hosts.map(({ hostname, state, disabled, maintained }) => ({ hostname, state, disabled, maintained })),
    plugins: detail.action_plugin_instances
      .map(({ plugin, hostname, state }) => `${plugin} ${hostname} ${state}`)
      .sort(),
    instances: detail.instances
      .map(({ instance_name, host, state, action_done }) => `${instance_name} ${host} ${state} ${action_done}`)
      .sort(),
  };
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
