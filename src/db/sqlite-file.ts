import { closeSync, openSync, statSync } from 'node:fs';

const MEMORY = ':memory:';
const PRIVATE = 0o600;
/** What the group and others may do. */
const NOT_THE_OWNER = 0o077;
/** SQLite's own beside the database: what was written last, and its index. They are made with the database's rights. */
const BESIDE = ['', '-wal', '-shm'];

/**
 * Makes the file of a database for its owner alone, before SQLite would make it for everybody. One that is there is left
 * as it is.
 */
export function makePrivately(filename: string): void {
  if (filename !== MEMORY) closeSync(openSync(filename, 'a', PRIVATE));
}

/** Files of the database that others than their owner may read or write. */
export function filesOpenToOthers(filename: string): string[] {
  if (filename === MEMORY) return [];
  return BESIDE.map((end) => filename + end).filter((file) => {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
    return (mode & NOT_THE_OWNER) !== 0;
  });
}
