import type { Database, Tx } from '../../../src/db/database.js';
import type { JournalKey, NewJournalEntry } from '../../../src/db/journal-repository.js';
import type { NewOutboxEntry } from '../../../src/db/outbox-repository.js';
import { Repositories } from '../../../src/db/repositories.js';
import type { HistoryEntry, OutboxEntry } from '../../../src/model/index.js';
import type { Points } from './points.js';

/** What stands for a write in the name of its transaction. */
type Words = (...args: never[]) => readonly string[];

/** Writes that are worth a word, by repository and method; a transaction is called by those that are made in it. */
const WORDS: Readonly<Record<string, Words>> = {
  'journal.begin': ({ action }: NewJournalEntry) => [`${action} begun`],
  'journal.runAgain': ({ action }: JournalKey) => [`${action} again`],
  'journal.end': ({ action }: JournalKey, state: string) => [`${action} ${state}`],
  'history.append': (lines: readonly HistoryEntry[]) => lines.flatMap(told),
  'outbox.add': (entries: readonly NewOutboxEntry[]) => entries.map(({ eventType }) => eventType),
};

/** Lines that only repeat what the journal says, and those by which nothing is decided: whether they come is chance. */
const UNSPOKEN = new Set(['effect-begun', 'waiting']);
/** What a line of the history is about, where that makes another decision of it. */
const ABOUT = ['to', 'for', 'state', 'kind'];

/** Writes that are transactions of their own. */
const ALONE = new Set([
  'sessions.claim',
  'sessions.release',
  'outbox.markAttempt',
  'outbox.markPublished',
  'outbox.markError',
  'outbox.giveUp',
]);

/** The same database; the end of a transaction that decides or tells something is a point before it and one after it. */
export function watchedRepositories(database: Database, points: Points): Repositories {
  const words = new WeakMap<object, Set<string>>();
  const watched: Database = Object.create(database, {
    transaction: { value: transaction },
  });
  async function transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    let name = '';
    const result = await database.transaction(async (tx) => {
      const made = new Set<string>();
      words.set(tx, made);
      const value = await work(tx);
      name = [...made].join(', ');
      if (name !== '') points.pass(`transaction ${name}: before`);
      return value;
    });
    if (name !== '') points.pass(`transaction ${name}: after`);
    return result;
  }
  const repositories = new Repositories(watched);
  const each = Object.entries(repositories).map(([name, repository]) => [
    name,
    name === 'database' ? repository : listening(name, repository, words, points),
  ]);
  return Object.assign(repositories, Object.fromEntries(each));
}

/** A repository whose writes give their transaction its name, and whose lone writes are points. */
function listening<R extends object>(
  name: string,
  repository: R,
  words: WeakMap<object, Set<string>>,
  points: Points,
): R {
  const published = new Map<unknown, string>();
  return new Proxy(repository, {
    get(target, method, receiver) {
      const found = Reflect.get(target, method, receiver);
      if (typeof found !== 'function') return found;
      const called = `${name}.${String(method)}`;
      return (...args: unknown[]) => {
        const made = args.map((arg) => (isObject(arg) ? words.get(arg) : undefined)).find((set) => set !== undefined);
        const spoken = WORDS[called] as ((...given: unknown[]) => readonly string[]) | undefined;
        for (const word of made === undefined ? [] : (spoken?.(...args) ?? [])) made?.add(word);
        const run = () => found.apply(target, args);
        if (called === 'outbox.pending') return remembering(run, published);
        return ALONE.has(called) ? points.around([called, published.get(args[0])].join(' ').trim(), run) : run();
      };
    },
  });
}

/** What stands behind the numbers by which the outbox is told of attempts. */
async function remembering(
  read: () => Promise<readonly OutboxEntry[]>,
  published: Map<unknown, string>,
): Promise<readonly OutboxEntry[]> {
  const entries = await read();
  for (const { outboxId, eventType, payload } of entries)
    published.set(outboxId, `${eventType} ${payload.state ?? ''}`);
  return entries;
}

function told({ what, details }: HistoryEntry): string[] {
  if (UNSPOKEN.has(what)) return [];
  const about = ABOUT.find((key) => typeof details[key] === 'string');
  return [about === undefined ? what : `${what} ${details[about]}`];
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
