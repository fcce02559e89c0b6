import type { SessionView } from './view.js';

/**
 * How many rounds of SCALE_IN, counted back from now, freed nothing: the projects were told of as many instances in the
 * next round, or have as many now (v1 §5.2).
 */
export function scaleInRoundsWithoutGain(view: SessionView): number {
  const notices = view.notices.filter((notice) => notice.state === 'SCALE_IN');
  const told = new Set(notices.flatMap((notice) => notice.instanceIds));
  const roundsOf = new Map<string, number>();
  const listed: number[] = [];
  for (const { projectId, instanceIds } of notices) {
    const round = roundsOf.get(projectId) ?? 0;
    roundsOf.set(projectId, round + 1);
    listed[round] = (listed[round] ?? 0) + instanceIds.length;
  }
  const left = view.cloud.servers.filter((server) => told.has(server.id)).length;
  const sizes = [...listed, left];
  let rounds = 0;
  for (let i = sizes.length - 1; i > 0 && (sizes[i] as number) >= (sizes[i - 1] as number); i -= 1) rounds += 1;
  return rounds;
}
