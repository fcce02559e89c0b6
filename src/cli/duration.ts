const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/**
 * A duration for people, its two largest units at most: `4.2 s`, `45 s`, `5 min 12 s`, `1 h 23 min`, `2 d 3 h`. Tenths
 * are shown below ten seconds only; smaller units are cut off, so that a running time does not run ahead of itself.
 *
 * @param seconds below zero counts as zero
 */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${tenthsOf(Math.max(0, seconds))} s`;
  const whole = Math.floor(seconds);
  if (whole < MINUTE_S) return `${whole} s`;
  if (whole < HOUR_S) return twoUnits(whole, MINUTE_S, 'min', 1, 's');
  if (whole < DAY_S) return twoUnits(whole, HOUR_S, 'h', MINUTE_S, 'min');
  return twoUnits(whole, DAY_S, 'd', HOUR_S, 'h');
}

/** A little is added because 8.3 times 10 may come out below 83. */
function tenthsOf(seconds: number): number {
  return Math.floor(seconds * 10 + 1e-6) / 10;
}

function twoUnits(seconds: number, largeS: number, large: string, smallS: number, small: string): string {
  const rest = Math.floor((seconds % largeS) / smallS);
  const first = `${Math.floor(seconds / largeS)} ${large}`;
  return rest === 0 ? first : `${first} ${rest} ${small}`;
}
