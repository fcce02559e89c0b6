/**
 * Whether two names mean one host: equal, or one is the short form of the other (`compute-1`, `compute-1.example.org`).
 * Nova's service, its hypervisor and Placement's provider may each use either form.
 */
export function sameHost(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

/**
 * The one of `candidates` that means host `name`: the equal one, else the only one in the other form. Undefined as well
 * when several could be meant: a guess might maintain the wrong host.
 */
export function hostNamed<T>(name: string, candidates: Iterable<T>, nameOf: (candidate: T) => string): T | undefined {
  let other: T | undefined;
  let others = 0;
  for (const candidate of candidates) {
    const candidateName = nameOf(candidate);
    if (candidateName === name) return candidate;
    if (!sameHost(candidateName, name)) continue;
    other = candidate;
    others += 1;
  }
  return others === 1 ? other : undefined;
}
