import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import plugin from '../../plugins/actions/ansible-playbook.js';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { LocalPrograms } from '../../src/remote/local.js';
import type { ActionContext } from '../../src/workflow/contract.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';

/* Real playbooks, played by the real ansible-playbook with connections to this machine. */

const ansibleTest = process.env.FENIX_TEST_ANSIBLE === undefined ? test.skip : test;

function aFolder(t: ExecutionContext) {
  const folder = mkdtempSync(join(tmpdir(), 'fenix-playbooks-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string) => join(folder, name);
  const file = (name: string, text: string): void => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
  };
  file(
    'files/hosts.ini',
    '[all]\ncompute-1\ncompute-2\n[all:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\n',
  );
  return { path, file, read: (name: string) => readFileSync(path(name), 'utf8') };
}

function aRun(t: ExecutionContext, localFiles: string, metadata: object, given: Partial<ActionContext> = {}) {
  t.timeout(180_000);
  const facts = {};
  const heard: string[] = [];
  const stopping = new AbortController();
  const output = (text: string) => void heard.push(text);
  const local = new LocalPrograms(['ansible-playbook'], new SystemMachineClock());
  const context = actionContext({
    metadata: { playbook: 'site.yaml', inventory: 'hosts.ini', ...metadata },
    localFiles,
    local: local.for('ansible-playbook', stopping.signal, output),
    record: (more) => void Object.assign(facts, more),
    ...given,
  });
  return { context, facts, heard };
}

const play = (tasks: string): string =>
  `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.replaceAll(/^/gm, '    ')}\n`;

ansibleTest('a playbook is played for the host alone, with its variables and what it prints', async (t) => {
  const { file, path, read } = aFolder(t);
  const odd = `$(touch ${path('harm')}) '"; {{ 1 + 1 }} \n`;
  const copy = `- ansible.builtin.copy: {content: "{{ word }}", dest: "{{ folder }}/{{ inventory_hostname }}"}`;
  file('files/site.yaml', play(`${copy}\n  tags: [wanted]\n- ansible.builtin.fail: {msg: not wanted}`));
  // `!unsafe` is Ansible's word for text that is no template: JSON has none, so the odd text here has no braces.
  const word = odd.replace('{{ 1 + 1 }}', '{ }');
  const metadata = { extra_vars: { word, folder: path('.') }, tags: ['wanted'] };
  const { context, facts, heard } = aRun(t, path('files'), metadata);
  t.true(await plugin.check(context));
  t.is(await plugin.run(context), 'DONE');
  t.is(read('compute-1'), word);
  t.throws(() => read('compute-2'));
  t.throws(() => read('harm'));
  t.deepEqual(facts, { ok: 1, changed: 1 });
  t.regex(heard.join(''), /PLAY RECAP/);
});

ansibleTest('a task that fails is a failure with the module’s words', async (t) => {
  const { file, path } = aFolder(t);
  file('files/site.yaml', play('- ansible.builtin.fail: {msg: the firmware is too old}'));
  const error = await t.throwsAsync(plugin.run(aRun(t, path('files'), {}).context), { instanceOf: FenixError });
  t.is(error?.code, 'playbook-failed');
  t.is(error?.message, 'A task of the playbook failed on compute-1: the firmware is too old');
});

ansibleTest('a host that Ansible cannot reach, and one that no play is for, are failures that say so', async (t) => {
  const { file, path } = aFolder(t);
  file('files/site.yaml', play('- ansible.builtin.ping:'));
  file('files/ansible.cfg', '[defaults]\nhost_key_checking = True\n');
  file('files/closed.ini', 'compute-1 ansible_host=127.0.0.1 ansible_port=1\n');
  const closed = await t.throwsAsync(plugin.run(aRun(t, path('files'), { inventory: 'closed.ini' }).context));
  t.regex(closed?.message ?? '', /^Ansible cannot reach compute-1: /);
  file('files/other.yaml', play('- ansible.builtin.ping:').replace('hosts: all', 'hosts: compute-2'));
  const other = await t.throwsAsync(plugin.run(aRun(t, path('files'), { playbook: 'other.yaml' }).context));
  t.is(other?.message, 'The playbook did nothing on compute-1: no play is for it, or the inventory does not have it.');
});

ansibleTest('the check finds a mistake in the playbook, and in check mode what would not work', async (t) => {
  const { file, path } = aFolder(t);
  file('files/site.yaml', '- hosts: all\n  tusks: []\n');
  await t.throwsAsync(plugin.check(aRun(t, path('files'), {}).context), { code: 'playbook-failed', message: /tusks/ });
  file('files/site.yaml', play('- ansible.builtin.assert: {that: not ansible_check_mode, fail_msg: there is no slot}'));
  t.true(await plugin.check(aRun(t, path('files'), {}).context));
  await t.throwsAsync(plugin.check(aRun(t, path('files'), { check_mode: true }).context), {
    code: 'playbook-failed',
    message: /^A task of the playbook failed on compute-1: there is no slot/,
  });
});

ansibleTest('what was played is taken back by the other playbook', async (t) => {
  const { file, path, read } = aFolder(t);
  file('files/site.yaml', play('- ansible.builtin.fail: {msg: not wanted}'));
  file('files/back/site.yaml', play(`- ansible.builtin.copy: {content: back, dest: "${path('back')}"}`));
  const metadata = { undo_playbook: 'back/site.yaml' };
  t.deepEqual(plugin.undoIf, ['undo_playbook']);
  t.is(await plugin.undo(aRun(t, path('files'), metadata, { phase: 'undo' }).context), 'DONE');
  t.is(read('back'), 'back');
});

test('playbooks come out of the configured directory, and nowhere else', async (t) => {
  const { file, path } = aFolder(t);
  file('outside.yaml', play('- ansible.builtin.ping:'));
  symlinkSync(path('outside.yaml'), path('files/link.yaml'));
  for (const [playbook, message] of [
    ['../outside.yaml', /^playbook cannot be used: it leads out of /],
    ['link.yaml', /^playbook cannot be used: it leads out of /],
    ['missing.yaml', /^playbook cannot be used: there is no \S+missing\.yaml/],
  ] as const) {
    await t.throwsAsync(plugin.run(aRun(t, path('files'), { playbook }).context), { code: 'local-files', message });
  }
  await t.throwsAsync(plugin.run(aRun(t, '', {}).context), {
    code: 'local-files',
    message: /local_files in section \[plugins\]/,
  });
});

test('an engine that may not run it says which option allows that', async (t) => {
  const { file, path } = aFolder(t);
  file('files/site.yaml', play('- ansible.builtin.ping:'));
  const local = new LocalPrograms([], new SystemMachineClock());
  const refused = local.for('ansible-playbook', new AbortController().signal, () => undefined);
  await t.throwsAsync(plugin.run(aRun(t, path('files'), {}, { local: refused }).context), {
    code: 'local-not-allowed',
    message: /run_locally in section \[plugins\]/,
  });
});

test('a host that Ansible would take for a pattern is refused', async (t) => {
  for (const host of ['all:!compute-2', '@file', '*', '~compute']) {
    await t.throwsAsync(plugin.run(aRun(t, '/', {}, { host }).context), { message: /for a pattern, not for a host/ });
  }
});
