import type { HistoryEntry } from '../../model/index.js';
import { timeText } from '../schemas/time.js';

/** How a time stands in details, which are stored as JSON. */
const STORED_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** Details may have any key, but not the three that every line has. */
export function historyEntryView({ at, who, what, details }: HistoryEntry): object {
  const own = { at: timeText(at), who, what };
  const others = Object.entries(details).filter(([key]) => !Object.hasOwn(own, key));
  return { ...own, ...Object.fromEntries(others.map(([key, value]) => [snakeCase(key), inner(key, value)])) };
}

/** A reason has keys of its own; other values may be keyed by names of hosts and ids, which stay as they are. */
function inner(key: string, value: unknown): unknown {
  if (typeof value === 'string' && STORED_TIME.test(value)) return timeText(new Date(value));
  if (key !== 'reason' || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [snakeCase(name), item]));
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
