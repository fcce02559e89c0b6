import type { Topology } from '../../src/simulator/index.js';

/** The hosts of a cloud with two empty ones, for two sessions: each gets an empty one, the first two of the full ones. */
export function inTwoParts({ hosts, projects }: Topology): readonly [first: string[], second: string[]] {
  const names = hosts.map(({ name }) => name);
  const placed = new Set(projects.flatMap(({ instances = [] }) => instances.map(({ host }) => host)));
  const [emptyA = '', emptyB = ''] = names.filter((name) => !placed.has(name));
  const full = names.filter((name) => placed.has(name));
  return [
    [emptyA, ...full.slice(0, 2)],
    [emptyB, ...full.slice(2)],
  ];
}
