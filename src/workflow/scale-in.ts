import type { Server } from './cloud-port.js';
import type { SessionView } from './view.js';

/** Rounds that are remembered: what goes up and down again all the time is no gain. */
const MEMORY = 6;

/**
 * How many rounds of SCALE_IN, counted back from now, freed nothing: the projects were told of as many instances in the
 * next round, or have as many now (v1 §5.2), as in one of the {@link MEMORY} rounds before. Rounds are counted from each
 * project's last one, since a project may have joined later than others; two are compared by those who were in both.
 */
export function scaleInRoundsWithoutGain(view: SessionView): number {
  const sizes = [...sizesByProject(view).values()];
  const earlier = (round: number): number[] => Array.from({ length: MEMORY }, (_, back) => round + 1 + back);
  let rounds = 0;
  while (earlier(rounds).some((before) => isNoLess(sizes, rounds, before))) rounds += 1;
  return rounds;
}

function isNoLess(sizes: readonly (readonly number[])[], round: number, before: number): boolean {
  const inBoth = sizes.filter((own) => own.length > before);
  return inBoth.length > 0 && total(inBoth, round) >= total(inBoth, before);
}

/**
 * Of each project, last first: how many of the instances that it was told of it has now, and was told of in its rounds;
 * where only some were suggested to it, how many it has, and had in its rounds.
 */
function sizesByProject(view: SessionView): Map<string, number[]> {
  const told = new Map<string, Set<string>>();
  const suggested = new Set<string>();
  const sizes = new Map<string, number[]>();
  for (const { state, projectId, instanceIds, planned } of view.notices) {
    if (state !== 'SCALE_IN') continue;
    const had = planned?.scaleIn?.had;
    if (had !== undefined) suggested.add(projectId);
    told.set(projectId, new Set([...(told.get(projectId) ?? []), ...instanceIds]));
    sizes.set(projectId, [had ?? instanceIds.length, ...(sizes.get(projectId) ?? [])]);
  }
  for (const [projectId, ids] of told) {
    const counts = (server: Server): boolean =>
      suggested.has(projectId) ? server.projectId === projectId : ids.has(server.id);
    sizes.get(projectId)?.unshift(view.cloud.servers.filter(counts).length);
  }
  return sizes;
}

function total(sizes: readonly (readonly number[])[], round: number): number {
  return sizes.reduce((sum, own) => sum + (own[round] ?? 0), 0);
}
