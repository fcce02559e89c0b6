import { malformed } from '../errors.js';

/** What {@link parseTime} reads; whether there is such a day it finds out itself. */
export const TIME_FORM = '^(\\d{4})-(\\d{2})-(\\d{2})[ T](\\d{2}):(\\d{2}):(\\d{2})(?:\\.(\\d{1,9}))?Z?$';
const FORM = new RegExp(TIME_FORM);
/** What both databases hold, with room for windows to be added. */
const FIRST_YEAR = 1970;
const LAST_YEAR = 9998;

/** `YYYY-MM-DD HH:MM:SS` in UTC; also with `T`, a fraction and `Z` (v1 §1.2). @throws Refusal 400 naming `field` */
export function parseTime(text: string, field: string): Date {
  const parts = FORM.exec(text);
  if (parts === null) throw malformed(field, `${field} must be like 2026-01-31 23:59:59, in UTC.`);
  const [, year, month, day, hour, minute, second, fraction = ''] = parts;
  const canonical = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`;
  const date = new Date(canonical);
  // JavaScript would roll 31 February over into March.
  const isReal = !Number.isNaN(date.getTime()) && date.toISOString() === canonical;
  if (!isReal || Number(year) < FIRST_YEAR || Number(year) > LAST_YEAR) {
    throw malformed(field, `${field} is no time between the years ${FIRST_YEAR} and ${LAST_YEAR}.`);
  }
  return date;
}

/** `YYYY-MM-DDTHH:MM:SS`, UTC: how the API gives times. */
export function timeText(date: Date): string {
  return date.toISOString().slice(0, 19);
}
