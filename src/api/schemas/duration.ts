/** TOSCA's units of time (Simple Profile, scalar-unit.time), in seconds; `min` is common in descriptors, too. */
const UNITS: Readonly<Record<string, number>> = {
  d: 86_400,
  h: 3600,
  m: 60,
  min: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  ns: 1e-9,
};
/** An amount and one of the units, in either case; which letters are a unit is looked up. */
export const DURATION_FORM = '^(\\d{1,15}(?:\\.\\d{1,15})?)\\s*([A-Za-z]{0,3})$';
const FORM = new RegExp(DURATION_FORM);

/** Seconds, from a number of them or from text as in `30 s`, `500 ms`, `2 min`; undefined for what is no duration. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  const [, amount, unit = ''] = (typeof value === 'string' && FORM.exec(value)) || [];
  const factor = unit === '' ? 1 : UNITS[unit.toLowerCase()];
  if (amount === undefined || factor === undefined) return undefined;
  // Without this 500 ms + 0 would show as 0.5000000000000001 now and then.
  return Number((Number(amount) * factor).toPrecision(12));
}
