import type { Random } from '../../../src/common/random.js';

/** True once in `n` times. */
export function oneIn(random: Random, n: number): boolean {
  return random.int(n) === 0;
}

/** An integer from `least` to `most`. */
export function between(random: Random, least: number, most: number): number {
  return least + random.int(most - least + 1);
}

/** `values` once in `n` times, else nothing: for spreading into an object. */
export function onceIn<T extends object>(random: Random, n: number, values: () => T): Partial<T> {
  return oneIn(random, n) ? values() : {};
}
