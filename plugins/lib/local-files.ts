import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { FenixError } from '../../src/common/errors.js';
import type { ActionContext } from '../../src/workflow/contract.js';

/**
 * The real path of a file among those that plug-ins may use on the engine's machine, wherever links lead.
 * @param field of the metadata, for sentences
 * @throws FenixError `local-files`
 */
export async function localFile({ localFiles }: ActionContext, field: string, path: string): Promise<string> {
  if (localFiles === '') throw refused(field, 'no directory is configured for it: local_files in section [plugins]');
  const directory = await existing(localFiles, 'local_files');
  const file = await existing(join(directory, path), field);
  if (file.startsWith(directory + sep)) return file;
  throw refused(field, `it leads out of ${localFiles}`);
}

async function existing(path: string, field: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw refused(field, `there is no ${path} that the engine can read`, error);
  }
}

function refused(field: string, why: string, cause?: unknown): FenixError {
  return new FenixError('terminal', 'local-files', `${field} cannot be used: ${why}.`, { field, cause });
}
