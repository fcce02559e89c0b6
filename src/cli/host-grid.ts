import { HOST_STATES, type HostState } from '../model/index.js';
import type { Color, Line, Span } from './line.js';
import { wrapSpans } from './line.js';
import { countByState, type HostStatus } from './session-status.js';
import { cutText, padText, widthOf } from './text.js';

interface Mark {
  readonly letter: string;
  readonly word: string;
  readonly color?: Color;
  /** Stands in the legend although no host is in this state. */
  readonly always: boolean;
}

const MARKS: Readonly<Record<HostState, Mark>> = {
  waiting: { letter: 'W', word: 'waiting', always: true },
  emptying: { letter: 'E', word: 'emptying', color: 'yellow', always: true },
  // vacant: E is taken, and O would look like a zero beside the number of instances
  empty: { letter: 'V', word: 'empty', color: 'cyan', always: true },
  in_maintenance: { letter: 'M', word: 'in maintenance', color: 'magenta', always: true },
  done: { letter: 'D', word: 'done', color: 'green', always: true },
  failed: { letter: 'F', word: 'failed', color: 'red', always: false },
  skipped: { letter: 'S', word: 'skipped', color: 'grey', always: false },
};

const LONGEST_NAME = 24;

/** The word for a host's state. */
export function wordOf(state: HostState): string {
  return MARKS[state].word;
}

/**
 * One cell per host with the letter of its state and its number of instances: with names if that fits, else without,
 * and nothing at all when even that takes more than `rows` (the legend has the counts).
 */
export function hostGrid(hosts: readonly HostStatus[], columns: number, rows: number): Line[] {
  const layouts = [() => wrapSpans(namedCells(hosts), columns, 2), () => wrapSpans(smallCells(hosts), columns, 1)];
  for (const layout of layouts) {
    const lines = layout();
    if (lines.length <= rows) return lines;
  }
  return [];
}

function namedCells(hosts: readonly HostStatus[]): Span[] {
  const names = hosts.map(({ hostname }) => cutText(hostname, LONGEST_NAME));
  const width = Math.max(...names.map(widthOf));
  return smallCells(hosts).map(({ text, color }, index) => ({
    text: `${padText(names[index] ?? '', width)} ${text}`,
    color,
  }));
}

function smallCells(hosts: readonly HostStatus[]): Span[] {
  const width = Math.max(...hosts.map(({ instances }) => String(instances).length));
  return hosts.map(({ state, instances }) => ({
    text: MARKS[state].letter + padText(String(instances), width, 'right'),
    color: MARKS[state].color,
  }));
}

/** What the letters mean, and how many hosts are in each state. */
export function legend(hosts: readonly HostStatus[], columns: number): Line[] {
  const counts = countByState(hosts);
  const spans = HOST_STATES.filter((state) => MARKS[state].always || counts.has(state)).map((state) => ({
    text: `${MARKS[state].letter} ${MARKS[state].word} ${counts.get(state) ?? 0}`,
    color: MARKS[state].color,
  }));
  return wrapSpans(spans, columns, 2);
}
