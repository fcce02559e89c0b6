import type { Reason, WaitReason } from '../../model/index.js';
import { timeText } from '../schemas/time.js';

export function timeOrNull(date: Date | null): string | null {
  return date && timeText(date);
}

export function reasonView({ code, message, host, projectId, instanceId, plugin, at }: Reason): object {
  return {
    code,
    message,
    ...(host === undefined ? {} : { host }),
    ...(projectId === undefined ? {} : { project_id: projectId }),
    ...(instanceId === undefined ? {} : { instance_id: instanceId }),
    ...(plugin === undefined ? {} : { plugin }),
    at: timeText(at),
  };
}

export function waitView({ message, since, until, ...rest }: WaitReason): object {
  return { for: rest.for, message, since: timeText(since), until: timeText(until) };
}
