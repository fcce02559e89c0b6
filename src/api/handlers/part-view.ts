import type { OpenNotice } from '../../db/notice-repository.js';
import type { Part } from '../../db/repositories.js';
import type { SessionInstance } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';

/** What a project has to do with a session. */
export interface PartView {
  readonly isSession: boolean;
  readonly isPart: boolean;
  readonly instances: readonly PartInstance[];
  /** Newest first. */
  readonly open: readonly OpenNotice[];
}

export type PartInstance = Pick<SessionInstance, 'instanceId' | 'state'>;

/** Of many at once: all managers look when they are told something, which is at the same time. */
export async function partViews({ repositories }: ApiDeps, parts: readonly Part[]): Promise<PartView[]> {
  const { sessions, instances, projects, notices } = repositories;
  const [known, all, open] = await Promise.all([
    sessions.summaries(parts.map(({ sessionId }) => sessionId)),
    instances.ofParts(parts),
    notices.openOf(parts),
  ]);
  const ids = new Set(known.map(({ sessionId }) => sessionId));
  const instancesOf = byName(all);
  const openOf = byName(open);
  const without = parts.filter((part) => !instancesOf.has(nameOf(part)));
  const told = new Set((without.length === 0 ? [] : await projects.known(without)).map(nameOf));
  return parts.map((part) => {
    const name = nameOf(part);
    return {
      isSession: ids.has(part.sessionId),
      isPart: instancesOf.has(name) || told.has(name),
      instances: instancesOf.get(name) ?? [],
      open: openOf.get(name) ?? [],
    };
  });
}

/** Neither id has a blank in it. */
export function nameOf({ sessionId, projectId }: Part): string {
  return `${sessionId} ${projectId}`;
}

function byName<Row extends Part>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = nameOf(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return groups;
}
