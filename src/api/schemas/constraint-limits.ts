import type { SizedLimit } from '../../model/index.js';
import { duration, flag } from './fields.js';
import type { Conversion, TolerantFields } from './tolerant-fields.js';

/* What both kinds of constraints share (v1 §4). */

export const DAY_S = 86_400;
export const MOST = 2 ** 31 - 1;
export const MOST_ID = 64;
export const MOST_NAME = 255;

/** Attributes of ETSI NFV SOL001 that both kinds take. */
export const ETSI_FIELDS = {
  impact_notification_lead_time: duration(DAY_S, 'From notice to action at the earliest'),
  is_impact_mitigation_requested: flag('Wins over resource_mitigation'),
};

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
export function secondsOf(etsi: number | null, own: number | null = null): number | null {
  return etsi === null ? own : Math.ceil(etsi);
}

export function sizedView(table: readonly SizedLimit[], key: string): object[] {
  return table.map(({ groupSize, value }) => ({ ...(groupSize !== null && { group_size: groupSize }), [key]: value }));
}

/** The given ones of `values`: extension keys are shown only where they were sent. */
export function given(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
