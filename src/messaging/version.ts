/** Same major version; the asked minor, then revision, not above what is served. What cannot be read is not compatible. */
export function isVersionCompatible(served: string, asked: unknown): boolean {
  const [have, want] = [versionParts(served), versionParts(asked)];
  if (!have || !want || have[0] !== want[0]) return false;
  return want[1] < have[1] || (want[1] === have[1] && want[2] <= have[2]);
}

/** Whether it is `major.minor[.revision]`. */
export function isVersion(text: unknown): boolean {
  return versionParts(text) !== undefined;
}

function versionParts(version: unknown): [number, number, number] | undefined {
  const parts = typeof version === 'string' ? /^(\d+)\.(\d+)(?:\.(\d+))?$/.exec(version) : null;
  return parts ? [Number(parts[1]), Number(parts[2]), Number(parts[3] ?? 0)] : undefined;
}
