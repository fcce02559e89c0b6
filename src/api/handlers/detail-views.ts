import type {
  Blocked,
  DownloadedFile,
  Impact,
  PluginRun,
  SessionAction,
  SessionHost,
  SessionInstance,
  SessionProject,
} from '../../model/index.js';
import { timeText } from '../schemas/time.js';
import { timeOrNull } from './view.js';

export function hostView(host: SessionHost): object {
  const { blocked } = host;
  return {
    hostname: host.hostname,
    type: host.type,
    maintained: host.maintained,
    disabled: host.disabled,
    disabled_before: host.disabledBefore,
    state: host.state,
    ...(host.scaled !== null && { scaled: host.scaled }),
    ...blockedView(blocked),
  };
}

/** What a host or an instance waits for; nothing where it does not. */
function blockedView(blocked: Blocked | null | undefined): object {
  if (blocked === null || blocked === undefined) return {};
  const { because, message, since, until } = blocked;
  return { blocked: { because, message, since: timeText(since), until: timeText(until) } };
}

export function projectView(project: SessionProject): object {
  return {
    project_id: project.projectId,
    state: project.state,
    scaled_in: project.scaledIn,
    notified_at: timeOrNull(project.notifiedAt),
    reply_at: timeOrNull(project.replyAt),
    replies: project.replies,
    rounds: project.rounds,
  };
}

/**
 * @param stopped Fenix stopped it, and has not started it again
 * @param roomKept whether there was room for one more of its kind, where that was wanted
 */
export function instanceView(instance: SessionInstance, stopped: boolean, roomKept: boolean | undefined): object {
  return {
    instance_id: instance.instanceId,
    instance_name: instance.instanceName,
    project_id: instance.projectId,
    group_id: instance.groupId,
    host: instance.host,
    state: instance.state,
    project_state: instance.projectState,
    action: instance.action,
    action_done: instance.actionDone,
    ...(stopped && { stopped }),
    ...(roomKept !== undefined && { room_kept: roomKept }),
    ...blockedView(instance.blocked),
  };
}

export function actionView({ name, plugin, type, order, metadata }: SessionAction): object {
  return { name, plugin, type, order, metadata };
}

export function runView({
  name,
  plugin,
  type,
  hostname,
  state,
  attempt,
  output = null,
  facts = null,
}: PluginRun): object {
  return { name, plugin, type, hostname, state, attempt, output, facts };
}

export function downloadView({ url, state, sha256, percent = null }: DownloadedFile): object {
  return { url, state, sha256, percent: state === 'done' ? 100 : percent };
}

export function impactView(impact: Impact): object {
  return {
    instance_id: impact.instanceId,
    group_id: impact.groupId,
    action: impact.action,
    started_at: timeText(impact.startedAt),
    ended_at: timeOrNull(impact.endedAt),
    recovered_at: timeOrNull(impact.recoveredAt),
  };
}
