// Programs of Debian's that tests need, installed when that is possible.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const isRoot = process.getuid?.() === 0;

const POLICY = '/usr/sbin/policy-rc.d';
/** policy-rc.d's word for "not allowed". */
const FORBIDDEN = 101;

/** The path of a program; also looks where system programs are, whatever PATH says. */
export function which(program) {
  const path = (process.env.PATH ?? '').split(delimiter);
  const folders = [...path, '/usr/sbin', '/usr/local/sbin', '/usr/libexec'];
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file));
}

/**
 * What `find` returns, which is a list of paths, once none is missing: installs `packages` if some are and we may. Their
 * system `services` are neither started nor, if we brought them, enabled for the next boot.
 */
export function needPrograms({ find, packages, services = [], variable }) {
  const found = find();
  if (found.every(Boolean)) return found;
  const names = packages.join(' and ');
  if (!isRoot || which('apt-get') === undefined) {
    throw new Error(`${packages[0]} is not installed; install ${names}, or set ${variable}`);
  }
  const brought = services.filter((unit) => !existsSync(`/lib/systemd/system/${unit}`));
  withoutServices(() => {
    const isInstalled = () => apt('install', '-y', '--no-install-recommends', ...packages);
    // Old package lists name versions that are no longer offered.
    if (!isInstalled() && !(apt('update') && isInstalled())) throw new Error(`${names} cannot be installed`);
    if (brought.length > 0 && which('systemctl')) spawnSync('systemctl', ['--no-reload', 'disable', ...brought]);
  });
  return find();
}

/** Debian's Python, whatever other one is on the PATH: its packages are for no other one. */
const PYTHON = '/usr/bin/python3';

/**
 * A Python that has these modules, as services have it: `url` is the path of the program, and nothing runs by itself.
 * Throws a sentence that says why it cannot be had.
 */
export function pythonWith({ modules, packages, variable }) {
  const wanted = [PYTHON, ...modules.map((module) => `/usr/lib/python3/dist-packages/${module}/__init__.py`)];
  const find = () => wanted.map((path) => (existsSync(path) ? path : undefined));
  const [url] = needPrograms({ find, packages, variable });
  return { url, stop: async () => {} };
}

function apt(...args) {
  const options = ['-qq', '-o', 'DPkg::Lock::Timeout=300'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', [...options, ...args], { stdio: ['ignore', 2, 2], env }).status === 0;
}

/** Runs `install` while Debian's policy forbids to start services; a policy that is there and allows it stays in force. */
function withoutServices(install) {
  if (existsSync(POLICY)) {
    const { status } = spawnSync(POLICY, ['a-new-service', 'start']);
    if (status !== FORBIDDEN) throw new Error(`${POLICY} would let new packages start services; install them yourself`);
    return install();
  }
  writeFileSync(POLICY, `#!/bin/sh\nexit ${FORBIDDEN}\n`, { mode: 0o755 });
  try {
    return install();
  } finally {
    rmSync(POLICY, { force: true });
  }
}
