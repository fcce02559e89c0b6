import test, { type ExecutionContext } from 'ava';
import ansiblePlaybook from '../../plugins/actions/ansible-playbook.js';
import command from '../../plugins/actions/command.js';
import packageUpgrade from '../../plugins/actions/package-upgrade.js';
import reboot from '../../plugins/actions/reboot.js';
import { PluginCatalog } from '../../src/api/plugins.js';
import type { ActionPlugin } from '../../src/workflow/contract.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { AnsweredPrograms } from '../support/answered-programs.js';
import { SteppingClock } from '../support/stepping-clock.js';

/* What the API lets through as metadata of the actions that run programs, and what becomes of it. */

/** What the API says of a request with that metadata; undefined when it takes it. */
function refusalOf(plugin: ActionPlugin, metadata: Record<string, unknown>): string | undefined {
  const { name, version, metadataSchema } = plugin;
  const catalog = new PluginCatalog([
    { kind: 'workflow', name: 'default', version: '1', digest: 'd' },
    { kind: 'action', name, version, digest: 'd', ...(metadataSchema && { metadataSchema }) },
  ]);
  const action = { plugin: name, type: 'host' as const, name, order: 1, metadata };
  try {
    catalog.pins('default', [action], false);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const GOOD: readonly (readonly [plugin: ActionPlugin, metadata: Record<string, unknown>])[] = [
  [
    command,
    { argv: ['/opt/flash', '--all'], where: 'engine', env: { A: 'b' }, input: 'x', timeout: 5, expect: [0, 3] },
  ],
  [
    command,
    { argv: ['a | b'], shell: true, check_argv: ['c'], verify_argv: ['v'], probe_argv: ['p'], undo_argv: ['u'] },
  ],
  [packageUpgrade, {}],
  [
    packageUpgrade,
    { packages: ['libc6:amd64', 'g++-12', 'python3.11', 'nova_x'], restart_services: ['getty@tty1.service'] },
  ],
  [packageUpgrade, { security_only: true, dry_run: true, refresh: false, removals: true, config_files: 'replace' }],
  [packageUpgrade, { lock_timeout: 0, min_free_mb: 0, reboot: 'if-needed', reboot_options: { timeout: 1200 } }],
  [reboot, { only_if_needed: true, timeout: 60, reboot_argv: ['shutdown', '-r', 'now'], boot_id_path: '/run/boot' }],
  [
    ansiblePlaybook,
    { playbook: 'site/all.yaml', inventory: 'hosts.ini', extra_vars: { a: [1] }, tags: ['x-1'], check_mode: true },
  ],
];
for (const [plugin, metadata] of GOOD) {
  test(`${plugin.name} takes ${JSON.stringify(metadata)}`, (t) => t.is(refusalOf(plugin, metadata), undefined));
}

const ODD = '; touch /harm $(id) `id` | & > "\' \\ \n';
const BAD: readonly (readonly [plugin: ActionPlugin, metadata: Record<string, unknown>, field: string])[] = [
  [command, {}, 'argv'],
  [command, { argv: [] }, 'argv'],
  [command, { argv: 'touch x' }, 'argv'],
  [command, { argv: ['a\0b'] }, 'argv[0]'],
  [command, { argv: ['a'], where: 'everywhere' }, 'where'],
  [command, { argv: ['a'], expect: [256] }, 'expect[0]'],
  [command, { argv: ['a'], env: { [ODD]: 'x' } }, 'env'],
  [command, { argv: ['a'], shall: true }, 'shall'],
  [packageUpgrade, { packages: [ODD] }, 'packages[0]'],
  [packageUpgrade, { packages: ['--allow-downgrades'] }, 'packages[0]'],
  [packageUpgrade, { packages: [] }, 'packages'],
  [packageUpgrade, { restart_services: [ODD] }, 'restart_services[0]'],
  [packageUpgrade, { config_files: 'ask' }, 'config_files'],
  [packageUpgrade, { reboot: true }, 'reboot'],
  [packageUpgrade, { reboot_required_path: 'relative' }, 'reboot_required_path'],
  [packageUpgrade, { reboot_options: { timeout: -1 } }, 'reboot_options.timeout'],
  [reboot, { boot_id_path: ODD }, 'boot_id_path'],
  [reboot, { timeout: 0 }, 'timeout'],
  [ansiblePlaybook, {}, 'playbook'],
  [ansiblePlaybook, { playbook: '/etc/passwd' }, 'playbook'],
  [ansiblePlaybook, { playbook: '--version' }, 'playbook'],
  [ansiblePlaybook, { playbook: 'a', inventory: '/etc/hosts' }, 'inventory'],
  [ansiblePlaybook, { playbook: 'a', tags: [ODD] }, 'tags[0]'],
];
for (const [plugin, metadata, field] of BAD) {
  test(`${plugin.name} refuses ${JSON.stringify(metadata)} by ${field}`, (t) => {
    const said = refusalOf(plugin, metadata) ?? 'taken';
    t.true(said.includes(`actions[0].metadata.${field}`), said);
  });
}

/** Arguments in which the odd text is anything but the whole, or the value of an assignment. */
function mixed(t: ExecutionContext, remote: AnsweredPrograms): void {
  const odd = remote.asked.flatMap(({ argv }) => argv).filter((argument) => argument.includes(ODD));
  t.deepEqual([...new Set(odd.map((argument) => argument.replace(ODD, '')))], ['']);
}

test('texts that may be anything reach programs as one argument, by themselves', async (t) => {
  const ran = new AnsweredPrograms();
  const metadata = { argv: ['echo', ODD], verify_argv: ['test', ODD], env: { WORD: ODD }, input: ODD };
  await command.run(actionContext({ metadata, remote: ran }));
  await command.verify(actionContext({ metadata, remote: ran }));
  mixed(t, ran);
  t.deepEqual(ran.asked[0]?.options, { quiet: false, env: { WORD: ODD }, input: ODD });

  const rebooted = new AnsweredPrograms().on(
    'cat --',
    { stdout: 'boot-1' },
    { stdout: 'boot-1' },
    { stdout: 'boot-2' },
  );
  const kept = {};
  const context = actionContext({
    metadata: { reboot_argv: ['reboot', ODD], boot_id_path: ODD, wait_for_service: false },
    remote: rebooted,
    clock: new SteppingClock(),
    remember: async (facts) => void Object.assign(kept, facts),
    remembered: kept,
  });
  t.is(await reboot.run(context), 'DONE');
  t.is(rebooted.lines('/bin/sh').length, 1);
  mixed(t, rebooted);
});
