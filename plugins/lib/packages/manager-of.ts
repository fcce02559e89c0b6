import { FenixError } from '../../../src/common/errors.js';
import type { Programs } from '../../../src/workflow/action-tools.js';
import type { ActionContext } from '../../../src/workflow/contract.js';
import { insisting } from '../programs.js';
import { Apt } from './apt.js';
import { Dnf } from './dnf.js';
import type { PackageManager } from './manager.js';
import type { PackageMetadata } from './metadata.js';

export function isApt(programs: Programs): Promise<boolean> {
  return isThere(programs, 'apt-get');
}

/** The host's package manager. @throws FenixError `no-package-manager` */
export async function managerOf(context: ActionContext, metadata: PackageMetadata): Promise<PackageManager> {
  const programs = insisting(context, context.remote);
  if (await isApt(programs)) return new Apt(context, metadata);
  if (await isThere(programs, 'dnf')) return new Dnf(context, metadata);
  throw new FenixError('terminal', 'no-package-manager', `${context.host} has neither apt-get nor dnf.`);
}

async function isThere(programs: Programs, program: string): Promise<boolean> {
  return (await programs.run([program, '--version'], { quiet: true })).code === 0;
}
