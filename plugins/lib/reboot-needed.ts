import { FenixError } from '../../src/common/errors.js';
import type { Programs } from '../../src/workflow/action-tools.js';
import { PATH } from './schemas.js';

/** Debian's and Ubuntu's packages write it when what they bring counts from the next boot on. */
export const REBOOT_REQUIRED = '/run/reboot-required';
export const REBOOT_REQUIRED_PATH = {
  ...PATH,
  description: `file that says that a reboot is needed, with apt; default: ${REBOOT_REQUIRED}`,
};

/** Links to the newest kernel that is installed, as Debian and Ubuntu have them. */
const NEWEST_KERNEL = ['/vmlinuz', '/boot/vmlinuz'];

/**
 * By the file, the kernel state that needrestart sees where that is installed, or a newest kernel that is not the one
 * which runs: on a plain Debian nobody writes the file.
 */
export async function neededByApt(programs: Programs, path: string): Promise<boolean> {
  const file = await programs.run(['test', '-e', path], { quiet: true });
  if (file.code === 0) return true;
  const kernel = await programs.run(['needrestart', '-b', '-k'], { quiet: true });
  if (/^NEEDRESTART-KSTA: [23]$/m.test(kernel.stdout)) return true;
  const { stdout: links } = await programs.run(['readlink', '-e', '--', ...NEWEST_KERNEL], { quiet: true });
  const { stdout: release } = await programs.run(['uname', '-r'], { quiet: true });
  const kernels = links.split('\n').filter((link) => link !== '');
  return kernels.length > 0 && !kernels.some((link) => link.endsWith(`/vmlinuz-${release.trim()}`));
}

/** By `needs-restarting -r`, of dnf-utils. @throws FenixError `needs-restarting` when that is not there */
export async function neededByDnf(programs: Programs, host: string): Promise<boolean> {
  const { stdout, stderr } = await programs.run(['needs-restarting', '-r'], { quiet: true });
  if (/reboot is required/i.test(stdout)) return true;
  if (/reboot (should not be|is not|is probably not) necessary/i.test(stdout)) return false;
  const why = stderr.trim().split('\n').at(-1) ?? '';
  const message = `${host} cannot say whether it needs a reboot, install dnf-utils there: ${why}`;
  throw new FenixError('terminal', 'needs-restarting', message);
}
