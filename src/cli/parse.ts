import { InvalidArgumentError } from 'commander';

/* Readers of options; what they refuse becomes a sentence that begins with the option. */

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

const UNIT_S: Readonly<Record<string, number>> = { s: 1, min: 60, m: 60, h: 3600, d: 86_400 };
const LONGEST_S = 2 ** 31 - 1;

/** Seconds, also as `90s`, `30min`, `2h`, `1d`. */
export function seconds(text: string): number {
  const [, amount = '', unit = 's'] = /^(\d+)(s|min|m|h|d)?$/.exec(text) ?? [];
  const value = Number(amount) * (UNIT_S[unit] ?? 1);
  if (amount === '' || value > LONGEST_S) {
    throw new InvalidArgumentError('It must be a number of seconds, or one with a unit, as 90s, 30min, 2h or 1d.');
  }
  return value;
}

/** A clock may be wrong by that, and a time that was just typed may have come. */
const LATE_MS = 5 * 60_000;
const TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/;

/** An instant: `now`, `+2h`, or a date with a time, in UTC unless it says otherwise; not long past. */
export function instant(now: () => Date): (text: string) => Date {
  return (text) => {
    if (text === 'now') return now();
    if (text.startsWith('+')) return new Date(now().getTime() + seconds(text.slice(1)) * 1000);
    const [, date = '', minutes = '', rest = ':00', zone = 'Z'] = TIME.exec(text) ?? [];
    const time = new Date(`${date}T${minutes}${rest}${zone.replace(/(\d{2})(\d{2})$/, '$1:$2')}`);
    if (Number.isNaN(time.getTime()) || !isDay(date)) {
      throw new InvalidArgumentError('It must be now, +2h, or as 2026-01-31T22:00 (UTC), 2026-01-31T22:00:00+01:00.');
    }
    if (time.getTime() < now().getTime() - LATE_MS) {
      throw new InvalidArgumentError('It must not be more than 5 minutes in the past: now is for what begins at once.');
    }
    return time;
  };
}

/** Node takes 31 February for a day of March. */
function isDay(date: string): boolean {
  const day = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
}

/** `key=value`, gathered; the value is JSON where it reads as such, else text. */
export function pairs(text: string, previous: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const { key, value } = pairOf(text);
  return { ...previous, [key]: jsonOrText(value) };
}

/** The same with values that stay text. */
export function textPairs(text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { key, value } = pairOf(text);
  return { ...previous, [key]: value };
}

function pairOf(text: string): { readonly key: string; readonly value: string } {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be KEY=VALUE.');
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
