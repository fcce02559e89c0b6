import type { SessionStatus } from '../../cli/progress.js';
import type { SessionDetail } from '../../client/index.js';

/** What the display shows of a session as the API tells it. */
export function statusOf(detail: SessionDetail, domainTime: Date, speed: number): SessionStatus {
  const byHost = new Map<string, number>();
  for (const { host, state } of detail.instances) if (state !== 'GONE') byHost.set(host, (byHost.get(host) ?? 0) + 1);
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
    waiting: detail.waiting && { ...detail.waiting, until: new Date(`${detail.waiting.until}Z`) },
    domainTime,
    moved: detail.instances.filter((instance) => instance.action_done).length,
    notices: detail.projects.reduce((sum, project) => sum + project.rounds, 0),
    speed,
  };
}
