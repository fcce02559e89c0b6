import type { SessionDetail } from '../client/index.js';
import type { SessionStatus } from './session-status.js';

/** What the display shows of a session as the API tells it. */
export function statusOf(detail: SessionDetail, domainTime: Date, speed: number): SessionStatus {
  const byHost = instancesByHost(detail);
  return {
    sessionId: detail.session_id,
    state: detail.state,
    percentDone: detail.percent_done,
    hosts: detail.hosts.map(({ hostname, type, state }) => ({
      hostname,
      type,
      state,
      instances: byHost.get(hostname) ?? 0,
    })),
    waiting: detail.waiting && { ...detail.waiting, until: timeOf(detail.waiting.until) },
    domainTime,
    moved: detail.instances.filter((instance) => instance.action_done).length,
    notices: detail.projects.reduce((sum, project) => sum + project.rounds, 0),
    speed,
  };
}

/** How many instances each host has now; hosts without any are absent. */
export function instancesByHost({ instances }: SessionDetail): ReadonlyMap<string, number> {
  const byHost = new Map<string, number>();
  for (const { host, state } of instances) if (state !== 'GONE') byHost.set(host, (byHost.get(host) ?? 0) + 1);
  return byHost;
}

/** An instant as the API writes it: UTC, without a zone. */
export function timeOf(text: string): Date {
  return new Date(`${text}Z`);
}
