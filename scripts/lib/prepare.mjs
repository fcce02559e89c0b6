// Brings a checkout to where its dist/ can run. Node's built-ins only: nothing is installed yet when this runs.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildStamp, newestSource } from './sources.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a command with its output on standard error, so that standard output stays the caller's. */
export function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) process.stderr.write(`${command}: ${error.message}\n`);
  return status === 0;
}

/** `npm ci` if node_modules is not what package-lock.json says; false if that failed. */
export function install() {
  return isInstalled() || run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

function build() {
  return run(process.execPath, [join(root, 'scripts/build.mjs')]);
}

/** Builds if anything changed since the last build; false if that failed. */
export function buildIfStale() {
  const stamp = buildStamp(root);
  const isFresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === newestSource(root);
  return isFresh || build();
}

// By content, not by time: a checkout sets the lock file's time anew.
function isInstalled() {
  const installedLock = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedLock)) return false;
  const { '': _project, ...wanted } = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(installedLock);
  const isThere = ([path, { version, optional }]) =>
    installed[path]?.version === version || (optional && !installed[path]);
  return Object.entries(wanted).every(isThere) && Object.keys(installed).every((path) => wanted[path]);
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}
