import type { NoticeState } from '../model/index.js';
import { byProject } from './emptying-flow.js';
import { computesOf } from './hosts.js';
import type { Question } from './notices.js';
import { serversOn } from './room.js';
import type { SessionView } from './view.js';

/** A question to every project with instances on the session's computes, as it is but for its window. */
export function toAll(view: SessionView, state: NoticeState): Omit<Question, 'window'> {
  return { state, instances: projectsOn(view), host: null, allowedActions: [], repeats: view.settings.notifyRetries };
}

function projectsOn(view: SessionView): Map<string, string[]> {
  const hosts = computesOf(view).filter((host) => host.state !== 'skipped' && host.state !== 'failed');
  return byProject(hosts.flatMap((host) => serversOn(view, host.hostname)));
}
