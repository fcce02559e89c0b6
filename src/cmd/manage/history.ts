import type { Command } from 'commander';
import { FenixError } from '../../common/errors.js';
import { Repositories } from '../../db/repositories.js';
import type { ConstraintChange, HistoryEntry } from '../../model/index.js';
import { say, withInstallation } from './installation.js';

/** Of the details of one line; all of them are in --json. */
const LONGEST_DETAILS = 200;
const ITEMS_SHOWN = 3;

export function addHistory(program: Command): void {
  program
    .command('history <session-id>')
    .description('say everything that happened to a session, oldest first; to a deleted one as well')
    .option('--json', 'as one JSON array, with all details')
    .action((sessionId: string, { json = false }: { json?: boolean }) =>
      withInstallation(program, async (parts) => {
        const entries = await parts.resolve(Repositories).history.list(sessionId);
        if (entries.length === 0) {
          throw new FenixError('missing', 'unknown-session', `Nothing is known of a session ${sessionId}.`);
        }
        if (json) say(JSON.stringify(entries, null, 2));
        else for (const line of historyLines(entries)) say(line);
      }),
    );
}

export function addConstraintHistory(program: Command): void {
  program
    .command('constraint-history <id>')
    .description('say who set or deleted constraints of an instance or an instance group, oldest first')
    .option('--json', 'as one JSON array, with all details')
    .action((id: string, { json = false }: { json?: boolean }) =>
      withInstallation(program, async (parts) => {
        const changes = await parts.resolve(Repositories).constraintChanges.list(id);
        if (changes.length === 0) {
          throw new FenixError('missing', 'unknown-object', `Nobody set constraints for an instance or a group ${id}.`);
        }
        if (json) say(JSON.stringify(changes, null, 2));
        else for (const line of historyLines(changes.map(asLine))) say(line);
      }),
    );
}

function asLine({ kind, projectId, details, ...line }: ConstraintChange): Line {
  return { ...line, details: { of: kind, project_id: projectId, ...details } };
}

type Line = Pick<HistoryEntry, 'at' | 'who' | 'what' | 'details'>;

/** Time (UTC), who, what and the details in short, in columns. */
export function historyLines(entries: readonly Line[]): string[] {
  const width = (of: (entry: Line) => string): number => Math.max(...entries.map((entry) => of(entry).length));
  const [who, what] = [width((entry) => entry.who), width((entry) => entry.what)];
  return entries.map((entry) => {
    const time = entry.at.toISOString().slice(0, 19).replace('T', ' ');
    return `${time}  ${entry.who.padEnd(who)}  ${entry.what.padEnd(what)}  ${inShort(entry.details)}`.trimEnd();
  });
}

function inShort(details: Record<string, unknown>): string {
  const told = Object.entries(details).filter(([, value]) => value !== null && value !== undefined);
  const text = told.map(([key, value]) => `${key}=${valueInShort(value)}`).join(' ');
  return text.length > LONGEST_DETAILS ? `${text.slice(0, LONGEST_DETAILS - 1)}…` : text;
}

function valueInShort(value: unknown): string {
  if (Array.isArray(value)) {
    const shown = value.slice(0, ITEMS_SHOWN).map(valueInShort).join(',');
    return value.length > ITEMS_SHOWN ? `[${shown} and ${value.length - ITEMS_SHOWN} more]` : `[${shown}]`;
  }
  if (typeof value === 'string') return /\s/.test(value) ? JSON.stringify(value) : value;
  return JSON.stringify(value);
}
