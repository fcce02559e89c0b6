import { mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { FenixError, messageOf } from '../common/errors.js';
import type { ArchiveForm } from './request.js';
import { readTar } from './tar.js';
import { Unpacking, type UnpackLimits } from './unpacking.js';
import { readZip } from './zip.js';

export interface Archive {
  readonly file: string;
  readonly form: ArchiveForm;
  /** Its size. */
  readonly bytes: number;
}

/**
 * Unpacks an archive below `directory`, which may hold what is from others.
 * @throws FenixError `download-failed` for what is broken, hostile or too large
 */
export async function unpack(
  { file, form, bytes }: Archive,
  directory: string,
  limits: UnpackLimits,
  signal: AbortSignal,
): Promise<void> {
  const unpacking = new Unpacking(basename(file), directory, bytes, limits, signal);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  try {
    if (form === 'zip') await readZip(file, unpacking);
    else await readTar(file, form === 'tar.gz', unpacking, signal);
  } catch (error) {
    if (error instanceof FenixError || signal.aborted) throw error;
    throw unpacking.unfit(`cannot be read: ${messageOf(error)}`, error);
  }
}
