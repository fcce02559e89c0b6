import { listOf, object, TIME } from './object.js';

/** A line of history: who, what, when, and keys by what it tells. */
export const HISTORY_LINE = {
  ...object({
    at: TIME,
    who: { type: 'string', description: "A user's id, or engine" },
    what: { type: 'string', description: 'A stable word' },
  }),
  additionalProperties: true,
};

export const HISTORY = object({ history: listOf(HISTORY_LINE) });
