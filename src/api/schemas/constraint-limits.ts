import type { SizedLimit } from '../../model/index.js';
import type { Conversion, TolerantFields } from './tolerant-fields.js';

/* What both kinds of constraints share (v1 §4). */

export const DAY_S = 86_400;
export const MOST = 2 ** 31 - 1;
export const MOST_ID = 64;
export const MOST_NAME = 255;

/** A body's constraints, not yet anybody's, and what had to be converted. */
export interface ParsedConstraints<M> {
  readonly constraints: M;
  readonly conversions: readonly Conversion[];
}

/** The id in the body, where there is one, must be the path's. @throws Refusal 400 */
export function checkId(fields: TolerantFields, key: string, id: string, most: number): void {
  if ((fields.text(key, most) ?? id) !== id) throw fields.refuse(key, `must be the id in the path, ${id}`);
}

/** Whole seconds of two forms of a duration, ETSI's winning (v1 §4.2); what is between two is rounded up: to be safe. */
export function secondsOf(fields: TolerantFields, etsiKey: string, key?: string): number | null {
  const own = key === undefined ? null : fields.integer(key, 0, DAY_S);
  const etsi = fields.duration(etsiKey, DAY_S);
  return etsi === null ? own : Math.ceil(etsi);
}

/** `resource_mitigation`, ETSI's form winning; null = not given. */
export function mitigationOf(fields: TolerantFields): boolean | null {
  const own = fields.flag('resource_mitigation');
  return fields.flag('is_impact_mitigation_requested') ?? own;
}

/**
 * One of ETSI's tables of `{group_size?, <key>}`.
 * @throws Refusal 400, also for two rows of one size: they would contradict each other
 */
export function sizedLimits(fields: TolerantFields, key: string): SizedLimit[] | null {
  const sizes = new Set<number | null>();
  const table = fields.rows(key)?.map((row) => {
    const groupSize = row.integer('group_size', 1, MOST);
    const value = row.integer(key, 0, MOST);
    if (value === null) throw row.refuse(key, 'is missing');
    if (sizes.has(groupSize)) throw row.refuse('group_size', 'is there twice');
    sizes.add(groupSize);
    return { groupSize, value };
  });
  return table ?? null;
}

export function sizedView(table: readonly SizedLimit[], key: string): object[] {
  return table.map(({ groupSize, value }) => ({ ...(groupSize !== null && { group_size: groupSize }), [key]: value }));
}

/** The given ones of `values`: extension keys are shown only where they were sent. */
export function given(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
