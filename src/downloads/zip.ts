import { Readable } from 'node:stream';
import { openPromise, type Entry as ZipEntry } from 'yauzl';
import type { Entry, Unpacking } from './unpacking.js';

/** Where ZIP keeps what Unix knows of a file. */
const MODE_SHIFT = 16;
const TYPE_MASK = 0o170000;
const ENCRYPTED = 1;

/** Types of Unix as they stand in a mode; 0: the archive is from a system without. */
const FILE_TYPES = new Set([0, 0o100000]);
const DIRECTORY = 0o040000;
const LINK = 0o120000;

/** @throws FenixError `download-failed`, and what the reading of a broken file throws */
export async function readZip(file: string, unpacking: Unpacking): Promise<void> {
  const archive = await openPromise(file, { autoClose: false, strictFileNames: true });
  try {
    unpacking.announce(archive.entryCount);
    for await (const zipped of archive.eachEntry()) {
      const entry = entryOf(zipped);
      const content = entry.kind === 'file' ? await archive.openReadStreamPromise(zipped) : Readable.from([]);
      // It may fail before anybody reads it, and says so again to whoever does.
      content.on('error', () => undefined);
      await unpacking.write(entry, content);
    }
  } finally {
    archive.close();
  }
}

function entryOf({ fileName: name, externalFileAttributes, generalPurposeBitFlag }: ZipEntry): Entry {
  const mode = externalFileAttributes >>> MODE_SHIFT;
  const executable = (mode & 0o100) !== 0;
  const type = mode & TYPE_MASK;
  if ((generalPurposeBitFlag & ENCRYPTED) !== 0) return { name, kind: 'other', type: 'which is encrypted', executable };
  if (type === LINK) return { name, kind: 'other', type: 'a link', executable };
  if (name.endsWith('/') && (type === 0 || type === DIRECTORY))
    return { name, kind: 'directory', type: '', executable };
  if (FILE_TYPES.has(type)) return { name, kind: 'file', type: '', executable };
  return { name, kind: 'other', type: 'no file', executable };
}
