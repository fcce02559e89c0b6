import type { Tx } from '../../db/database.js';
import type { Part, Repositories } from '../../db/repositories.js';
import { nameOf } from './part-view.js';

/** Whose answer it is and by which URL it came. */
export interface ReplyTo extends Part {
  /** Null on the project's URL. */
  readonly instanceId: string | null;
}

/**
 * Of each, whether the project has a part in the session, and where an instance is named, whether that is the project's;
 * of deleted sessions, too: their projects' replies still find them.
 */
export async function areAddressees(repositories: Repositories, all: readonly ReplyTo[], tx: Tx): Promise<boolean[]> {
  const parts = all.filter(({ instanceId }) => instanceId === null);
  const instances = all.filter(({ instanceId }) => instanceId !== null);
  const known = new Set([...(await partsOf(repositories, parts, tx)), ...(await ownedOf(repositories, instances, tx))]);
  return all.map((to) => known.has(keyOf(to)));
}

async function partsOf({ projects, instances }: Repositories, all: readonly ReplyTo[], tx: Tx): Promise<string[]> {
  if (all.length === 0) return [];
  const told = (await projects.known(all, tx)).map(nameOf);
  const others = all.filter((to) => !told.includes(nameOf(to)));
  const having = others.length === 0 ? [] : await instances.partsWithAny(others, tx);
  return [...told, ...having.map(nameOf)];
}

async function ownedOf({ instances }: Repositories, all: readonly ReplyTo[], tx: Tx): Promise<string[]> {
  if (all.length === 0) return [];
  const keys = all.map(({ sessionId, instanceId }) => ({ sessionId, instanceId: instanceId ?? '' }));
  return (await instances.owners(keys, tx)).map(keyOf);
}

/** No id has a blank in it. */
function keyOf(to: ReplyTo): string {
  return to.instanceId === null ? nameOf(to) : `${nameOf(to)} ${to.instanceId}`;
}
