import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../../config/index.js';
import { type Finding, failure, success, warning } from './check.js';

const OTHERS_MAY_WRITE = 0o022;
const STICKY = 0o1000;

/** Whether sessions could download what they ask for, as far as this machine and this user have to do with it. */
export async function checkDownloads({ default: common }: Config): Promise<Finding> {
  const { downloadAllowedHosts: hosts, localCacheDir, downloadMaxSize: most } = common;
  if (hosts.length === 0) return success('Downloads are off: download_allowed_hosts names no host.');
  const directory = resolve(localCacheDir);
  const there = await existing(directory);
  const found = await stat(there);
  if (!found.isDirectory()) {
    return failure(`${there} is no directory (local_cache_dir = ${directory}).`, 'Remove it, or name another place.');
  }
  try {
    await access(there, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    const who = `user id ${process.getuid?.()}`;
    const remedy = `Make local_cache_dir a directory of the service's user, with mode 0700; run this as that user.`;
    return failure(`${there} cannot be written by ${who} (local_cache_dir = ${directory}).`, remedy);
  }
  if (there === directory && (found.mode & OTHERS_MAY_WRITE) !== 0 && (found.mode & STICKY) === 0) {
    return warning(`${directory} may be written by others: what is downloaded runs here.`, `chmod 0700 ${directory}`);
  }
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  if (free < most) {
    const sentence = `${there} has ${mib(free)} MiB free, less than one download may have (${mib(most)} MiB).`;
    return warning(sentence, 'Make room there, or lower download_max_size.');
  }
  return success(`${directory} ${there === directory ? 'is there' : 'can be made'}, with ${mib(free)} MiB free.`);
}

/** The directory itself, or the next one above it that is there: what is missing is made at the first download. */
async function existing(directory: string): Promise<string> {
  const isThere = await stat(directory).then(
    () => true,
    () => false,
  );
  return isThere || dirname(directory) === directory ? directory : existing(dirname(directory));
}

function mib(bytes: number): number {
  return Math.floor(bytes / 2 ** 20);
}
