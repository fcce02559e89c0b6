import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import type { Entry, Unpacking } from './unpacking.js';

const LINKS = new Set(['link', 'symlink']);

/**
 * @param signal ends it also where no entry comes: what is between entries may be endless
 * @throws FenixError `download-failed`, and what the reading of a broken file throws
 */
export async function readTar(
  file: string,
  compressed: boolean,
  unpacking: Unpacking,
  signal: AbortSignal,
): Promise<void> {
  const entries = extract();
  const source = createReadStream(file);
  const counted = async function* (unpacked: AsyncIterable<Buffer>) {
    for await (const chunk of unpacked) {
      unpacking.countRaw(chunk.length);
      yield chunk;
    }
  };
  const fed = compressed
    ? pipeline(source, createGunzip(), counted, entries, { signal })
    : pipeline(source, counted, entries, { signal });
  // What goes wrong there comes out of the loop.
  fed.catch(() => undefined);
  for await (const content of entries) {
    // It may fail before anybody reads it, and says so again to whoever does.
    content.on('error', () => undefined);
    await unpacking.write(entryOf(content.header), content as AsyncIterable<Buffer>);
    // Of what is no file nothing is read.
    content.resume();
  }
  await fed;
}

function entryOf({ name, type, mode }: Header): Entry {
  const executable = ((mode ?? 0) & 0o100) !== 0;
  if (type === 'file' || type === 'contiguous-file') return { name, kind: 'file', type, executable };
  if (type === 'directory') return { name, kind: 'directory', type, executable };
  const isLink = LINKS.has(type ?? '');
  return { name, kind: 'other', type: isLink ? 'a link' : 'no file', executable };
}
