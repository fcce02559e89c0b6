import { FenixError } from '../../src/common/errors.js';
import type { ActionContext, ActionPlugin } from '../../src/workflow/contract.js';
import type { Change, PackageManager } from '../lib/packages/manager.js';
import { managerOf } from '../lib/packages/manager-of.js';
import { PACKAGE_METADATA, type PackageMetadata } from '../lib/packages/metadata.js';
import { insisting, outputOf } from '../lib/programs.js';
import { bootIdOf, isBegun, isOver, isRebooted, reboot } from '../lib/reboot.js';

const metadataOf = ({ metadata }: ActionContext) => metadata as PackageMetadata;

/** Packages that are named in a run's facts; all are counted. */
const NAMED = 50;
/** Where packages are kept, and where they go to. */
const FILE_SYSTEMS = ['/var', '/usr'];
/** What counts from the next boot on, also where it goes under the same name as before. */
const KERNEL = /^(linux-image|kernel)(-|$)/;

async function run(context: ActionContext): Promise<string> {
  const metadata = metadataOf(context);
  // The packages were done before the reboot was begun, and the host may be away.
  if (!isBegun(context)) {
    await requireRoot(context);
    const manager = await managerOf(context, metadata);
    if (!metadata.dry_run) await manager.repair();
    if (metadata.refresh ?? true) await manager.refresh();
    await requireInstalled(context, manager);
    if (metadata.dry_run) return tellPlan(context, manager);
    await requireRoom(context);
    await upgrade(context, manager);
    await restartServices(context);
    if (!(await isRebootDue(context, manager))) return 'DONE';
  }
  await reboot(context, metadata.reboot_options ?? {});
  context.record({ rebooted: true });
  return 'DONE';
}

async function tellPlan(context: ActionContext, manager: PackageManager): Promise<string> {
  const { changes, held } = await manager.plan();
  context.record({ dry_run: true, would_upgrade: changes.slice(0, NAMED), would_upgrade_count: changes.length, held });
  return 'DONE';
}

async function upgrade(context: ActionContext, manager: PackageManager): Promise<void> {
  const plan = await manager.plan();
  // Once it has begun nobody can tell any more what was there before.
  const earlier = (context.remembered.changes ?? []) as readonly Change[];
  const known = new Set(earlier.map((change) => change.package));
  const changes = [...earlier, ...plan.changes.filter((change) => !known.has(change.package))];
  if (plan.changes.length > 0) {
    await context.remember({ changes });
    await manager.upgrade(plan);
  }
  const now = await manager.versions(changes.map((change) => change.package));
  const upgraded = changes.map(({ package: name, from, to }) => ({ package: name, from, to: now.get(name) ?? to }));
  context.record({ upgraded: upgraded.slice(0, NAMED), upgraded_count: upgraded.length, held: plan.held });
}

async function restartServices(context: ActionContext): Promise<void> {
  const { restart_services: units = [] } = metadataOf(context);
  if (units.length === 0) return;
  const programs = insisting(context, context.remote);
  await outputOf(programs, context.host, 'service-restart', ['systemctl', 'restart', '--', ...units]);
}

async function isRebootDue(context: ActionContext, manager: PackageManager): Promise<boolean> {
  const { reboot: when = 'never' } = metadataOf(context);
  const { changes, rebootedIn } = context.remembered;
  if (rebootedIn === undefined && ((changes ?? []) as Change[]).some((change) => KERNEL.test(change.package))) {
    context.record({ reboot_needed: true });
    return when !== 'never';
  }
  // Without a wish to reboot, a host that cannot say whether it should is no failure.
  const needed = await manager.rebootNeeded().catch((error: unknown) => {
    if (when === 'if-needed') throw error;
    return null;
  });
  context.record({ reboot_needed: needed });
  return when === 'always' || (when === 'if-needed' && needed === true);
}

/** @throws FenixError `not-root` */
async function requireRoot(context: ActionContext): Promise<void> {
  const programs = insisting(context, context.remote);
  const uid = await outputOf(programs, context.host, 'not-root', ['id', '-u'], { quiet: true });
  if (uid.trim() === '0') return;
  const message = `Packages are root’s on ${context.host}: log in as root, or set sudo in section [remote].`;
  throw new FenixError('terminal', 'not-root', message);
}

async function requireInstalled(context: ActionContext, manager: PackageManager): Promise<void> {
  const { packages = [] } = metadataOf(context);
  const names = packages.map((name) => name.replace(/:.*$/, ''));
  const installed = await manager.versions(packages);
  const missing = names.filter((name) => !installed.has(name));
  if (missing.length === 0) return;
  const message = `packages names what is not installed on ${context.host}: ${missing.join(', ')}.`;
  throw new FenixError('terminal', 'package-missing', message, { field: 'packages' });
}

/** @throws FenixError `disk-full` */
async function requireRoom(context: ActionContext): Promise<void> {
  const { min_free_mb: wanted = 1024 } = metadataOf(context);
  const programs = insisting(context, context.remote);
  const table = await outputOf(programs, context.host, 'disk', ['df', '-Pk', '--', ...FILE_SYSTEMS], { quiet: true });
  for (const line of table.trim().split('\n').slice(1)) {
    const [, , , free = '', , mountedOn] = line.trim().split(/\s+/);
    const freeMb = Math.floor(Number(free) / 1024);
    if (freeMb >= wanted) continue;
    const message = `${context.host} has ${freeMb} MiB free on ${mountedOn}, and ${wanted} MiB (min_free_mb) are wanted.`;
    throw new FenixError('terminal', 'disk-full', message, { field: 'min_free_mb' });
  }
}

/** @throws FenixError `package-broken`, `packages-left` */
async function verify(context: ActionContext): Promise<boolean> {
  const metadata = metadataOf(context);
  if (metadata.dry_run) return true;
  const manager = await managerOf(context, metadata);
  const broken = await manager.broken();
  if (broken !== undefined) throw new FenixError('terminal', 'package-broken', `On ${context.host} ${broken}`);
  const left = (await manager.plan()).changes;
  if (left.length === 0) return true;
  const names = left.slice(0, NAMED).map(({ package: name, from, to }) => `${name} ${from ?? ''} → ${to}`);
  const message = `${left.length} packages are still not upgraded on ${context.host}: ${names.join(', ')}.`;
  throw new FenixError('terminal', 'packages-left', message);
}

/** Whether nothing is left to be done. What cannot be asked now is not done. */
async function probe(context: ActionContext): Promise<boolean> {
  const metadata = metadataOf(context);
  const { reboot: when = 'never', dry_run: dryRun = false, reboot_options: options = {} } = metadata;
  if (dryRun) return false;
  if (isBegun(context)) return isOver(context, options);
  if (when === 'always' && !isRebooted(context)) return false;
  try {
    const manager = await managerOf(context, metadata);
    if ((await manager.broken()) !== undefined || (await manager.plan()).changes.length > 0) return false;
    return when === 'never' || !(await manager.rebootNeeded());
  } catch (error) {
    if (error instanceof FenixError) return false;
    throw error;
  }
}

/** That the host can be reached and its packages managed: login, root, package manager, repositories, room. */
async function check(context: ActionContext): Promise<boolean> {
  const metadata = metadataOf(context);
  await requireRoot(context);
  const manager = await managerOf(context, metadata);
  await requireRoom(context);
  if (metadata.refresh ?? true) await manager.refresh();
  await requireInstalled(context, manager);
  const { reboot: when = 'never' } = metadata;
  if (when === 'if-needed') await manager.rebootNeeded();
  if (when !== 'never') await bootIdOf(context, metadata.reboot_options ?? {});
  return true;
}

export default {
  name: 'package-upgrade',
  version: '1.0.0',
  description: 'Upgrades the packages of the host with apt or dnf, and reboots it where that is asked for',
  types: ['host', 'compute', 'controller', 'other'],
  metadataSchema: PACKAGE_METADATA,
  run,
  check,
  verify,
  probe,
} satisfies ActionPlugin;
