import test from 'ava';
import plugin from '../../plugins/actions/package-upgrade.js';
import type { ActionContext } from '../../src/workflow/contract.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { AnsweredPrograms } from '../support/answered-programs.js';
import { SteppingClock } from '../support/stepping-clock.js';

/* The upgrade on hosts with dnf, whose answers are written down here as dnf 4 gives them. */

const UPDATES = `
kernel-core.x86_64                    5.14.0-427.el9                     baseos
openssl.x86_64                        1:3.0.7-27.el9                     baseos
a-package-with-a-name-of-great-length.noarch
                                      2.0-1.el9                          appstream
Obsoleting Packages
new.x86_64                            1-1                                baseos
    old.x86_64                        1-1                                @baseos
`;
const LOCKED = {
  code: 200,
  stderr: 'metadata already locked by 4711\n  The application with PID 4711 is: dnf\n    State  : Sleeping\n',
};
const ROOM = {
  stdout: 'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda1 90000000 1 80000000 1% /\n',
};

function aHost(metadata: object = {}, given: Partial<ActionContext> = {}) {
  const remote = new AnsweredPrograms()
    .on('apt-get', { code: 127 })
    .on('id -u', { stdout: '0\n' })
    .on('df', ROOM)
    .on('dnf -q --setopt=exit_on_lock=True check-update', { code: 100, stdout: UPDATES }, { code: 0 })
    .on(
      'rpm -q',
      { stdout: 'kernel-core\t5.14.0-362.el9\nopenssl\t1:3.0.7-24.el9\n' },
      { stdout: 'kernel-core\t5.14.0-427.el9\n' },
    )
    .on('needs-restarting', { stdout: 'Reboot should not be necessary.\n' });
  const facts: Record<string, unknown> = {};
  const clock = new SteppingClock();
  const record = (more: object) => void Object.assign(facts, more);
  return {
    remote,
    facts,
    clock,
    context: actionContext({ metadata: { ...metadata }, remote, clock, record, ...given }),
  };
}

test('dnf: all that is due is upgraded, and the run says from what to what', async (t) => {
  const { remote, context, facts } = aHost();
  t.is(await plugin.run(context), 'DONE');
  t.true(await plugin.verify(context));
  t.deepEqual(remote.lines('dnf -y'), ['dnf -y --setopt=exit_on_lock=True upgrade']);
  t.true(remote.asked.find(({ argv }) => argv.includes('upgrade'))?.options.outlives);
  t.deepEqual(facts, {
    upgraded: [
      { package: 'kernel-core', from: '5.14.0-362.el9', to: '5.14.0-427.el9' },
      { package: 'openssl', from: '1:3.0.7-24.el9', to: '1:3.0.7-27.el9' },
      { package: 'a-package-with-a-name-of-great-length', from: null, to: '2.0-1.el9' },
    ],
    upgraded_count: 3,
    held: [],
    reboot_needed: false,
  });
});

test('dnf: chosen packages, security only, removals allowed', async (t) => {
  const { remote, context } = aHost({ packages: ['openssl'], security_only: true, removals: true, refresh: false });
  remote.on('rpm -q', { stdout: 'openssl\t1:3.0.7-24.el9\n' });
  t.is(await plugin.run(context), 'DONE');
  t.deepEqual(remote.lines('dnf -y'), [
    'dnf -y --setopt=exit_on_lock=True --allowerasing upgrade --security -- openssl',
  ]);
  t.deepEqual(remote.lines('dnf -q --setopt=exit_on_lock=True makecache'), []);
});

test('dnf: a lock is waited for, and named when that takes too long', async (t) => {
  const { remote, context, clock } = aHost({ lock_timeout: 25 });
  remote.on('dnf -q --setopt=exit_on_lock=True makecache', LOCKED, {});
  t.is(await plugin.run(context), 'DONE');
  t.deepEqual(clock.waits, [10]);
  remote.on('dnf -q --setopt=exit_on_lock=True makecache', LOCKED);
  const error = await t.throwsAsync(plugin.run(context), { code: 'package-lock' });
  t.is(
    error?.message,
    'Another package manager was at work on compute-1 for more than 25 s: metadata already locked by 4711',
  );
});

test('dnf: repositories that do not answer and a failed transaction are told with its words', async (t) => {
  const { remote, context } = aHost();
  remote.on('dnf -q --setopt=exit_on_lock=True makecache', {
    code: 1,
    stderr: "Error: Failed to download metadata for repo 'baseos'\n",
  });
  await t.throwsAsync(plugin.check(context), {
    code: 'repository',
    message: /compute-1: Error: Failed to download metadata/,
  });
  const failing = aHost();
  failing.remote.on('dnf -y', { code: 1, stderr: 'Error: Transaction test error:\n' });
  await t.throwsAsync(plugin.run(failing.context), { code: 'upgrade-failed', message: /Transaction test error/ });
});

test('dnf: what is broken afterwards, or still due, is named', async (t) => {
  const { remote, context } = aHost();
  remote.on('dnf -C -q check', { code: 1, stdout: 'nova-compute has missing requires of libvirt\n' });
  await t.throwsAsync(plugin.verify(context), {
    code: 'package-broken',
    message: 'On compute-1 dnf check says no: nova-compute has missing requires of libvirt',
  });
  await t.throwsAsync(plugin.verify(aHost().context), {
    code: 'packages-left',
    message: /^3 packages are still not upgraded on compute-1: kernel-core 5\.14\.0-362\.el9 → 5\.14\.0-427\.el9, /,
  });
});

test('dnf: a reboot if needed wants a host that can say whether it is', async (t) => {
  const { remote, context, facts } = aHost({ reboot: 'if-needed' });
  remote.on('cat --', { stdout: 'boot-1\n' });
  t.true(await plugin.check(context));
  t.is(await plugin.run(context), 'DONE');
  t.like(facts, { reboot_needed: false });
  remote.on('needs-restarting', { code: 127, stderr: 'setsid: failed to execute needs-restarting' });
  await t.throwsAsync(plugin.check(context), {
    code: 'needs-restarting',
    message: /^compute-1 cannot say whether it needs a reboot, install dnf-utils there: /,
  });
  const never = aHost();
  never.remote.on('needs-restarting', { code: 127 });
  t.is(await plugin.run(never.context), 'DONE');
  t.is(never.facts.reboot_needed, null);
});

test('a login that is not root is told of, before anything is asked of the packages', async (t) => {
  const { remote, context } = aHost();
  remote.on('id -u', { stdout: '1000\n' });
  await t.throwsAsync(plugin.check(context), {
    code: 'not-root',
    message: 'Packages are root’s on compute-1: log in as root, or set sudo in section [remote].',
  });
  t.deepEqual(remote.lines(), ['id -u']);
});

test('a host with neither apt nor dnf is named', async (t) => {
  const { remote, context } = aHost();
  remote.on('dnf --version', { code: 127 });
  await t.throwsAsync(plugin.check(context), {
    code: 'no-package-manager',
    message: 'compute-1 has neither apt-get nor dnf.',
  });
});
