/** How many sessions an engine owns. */
export interface Share {
  readonly engineId: string;
  readonly sessions: number;
}

/**
 * Who is to take which of these free sessions: one after the other goes to the engine with the fewest, so that engines
 * that see the same come to the same answer without a word.
 */
export function assigned(shares: readonly Share[], sessionIds: readonly string[]): Map<string, string> {
  const counts = countsOf(shares);
  const takers = new Map<string, string>();
  for (const sessionId of sessionIds) {
    const taker = ordered(counts)[0];
    if (taker === undefined) break;
    takers.set(sessionId, taker);
    counts.set(taker, (counts.get(taker) ?? 0) + 1);
  }
  return takers;
}

/** How many sessions this engine is to give away so that no two engines differ by more than one. */
export function surplusOf(engineId: string, shares: readonly Share[]): number {
  const counts = countsOf(shares);
  for (let surplus = 0; ; ) {
    const engines = ordered(counts);
    const [fewest, most] = [engines[0], engines.at(-1)];
    if (fewest === undefined || most === undefined) return surplus;
    const [least, greatest] = [counts.get(fewest) ?? 0, counts.get(most) ?? 0];
    if (greatest - least < 2) return surplus;
    counts.set(most, greatest - 1).set(fewest, least + 1);
    if (most === engineId) surplus += 1;
  }
}

function countsOf(shares: readonly Share[]): Map<string, number> {
  return new Map(shares.map(({ engineId, sessions }) => [engineId, sessions]));
}

/** Fewest first; of equals always in the same order. */
function ordered(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].sort(([a, one], [b, two]) => one - two || (a < b ? -1 : 1)).map(([engineId]) => engineId);
}
