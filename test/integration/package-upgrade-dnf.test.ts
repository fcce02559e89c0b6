import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import plugin from '../../plugins/actions/package-upgrade.js';
import { SystemMachineClock } from '../../src/common/clock.js';
import { LocalPrograms } from '../../src/remote/local.js';
import type { Programs } from '../../src/workflow/action-tools.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { isRoot, PrivateHost, sshTest } from '../support/private-host.js';
import { RpmRoot } from '../support/rpm-root.js';
import { SteppingClock } from '../support/stepping-clock.js';

/* Real packages, upgraded by the real dnf, in a system of packages of the test's own. */

const dnfTest = isRoot && process.env.FENIX_TEST_DNF !== undefined ? sshTest : test.skip;
const NAME = 'fenix-test-package';

/** @param over how the host is reached: what matters for one story only is not paid for by all */
async function aStory(t: ExecutionContext, metadata: object = {}, over: 'ssh' | 'nothing' = 'nothing') {
  t.timeout(240_000);
  const host = await PrivateHost.start(t);
  const packages = new RpmRoot(host.home);
  host.program('apt-get', 'exit 127');
  host.program('dnf', `exec /usr/bin/${packages.dnf} "$@"`);
  host.program('rpm', `exec /usr/bin/${packages.rpm} "$@"`);
  host.program('needs-restarting', 'echo "Reboot should not be necessary."');
  packages.install('1.0');
  packages.offer('2.0');
  const clock = new SteppingClock();
  const facts: Record<string, unknown> = {};
  const context = actionContext({
    metadata: { packages: [NAME], min_free_mb: 1, ...metadata },
    clock,
    remote: over === 'ssh' ? host.programs() : withPrograms(host),
    record: (more) => void Object.assign(facts, more),
  });
  return { host, packages, clock, facts, context };
}

/** This machine, whose PATH begins with the host's own programs. */
function withPrograms(host: PrivateHost): Programs {
  const local = new LocalPrograms(['here'], new SystemMachineClock());
  const here = local.for('here', new AbortController().signal, () => undefined);
  const env = { PATH: `${host.path('bin')}:${process.env.PATH}` };
  return { run: (argv, options) => here.run(argv, { ...options, env: { ...options?.env, ...env } }) };
}

dnfTest('dnf takes a package from version 1 to 2, and the run says from what to what', async (t) => {
  const { context, facts } = await aStory(t, {}, 'ssh');
  t.true(await plugin.check(context));
  t.false(await plugin.probe(context));
  t.is(await plugin.run(context), 'DONE');
  t.true(await plugin.verify(context));
  const upgraded = [{ package: NAME, from: '1.0-1', to: '2.0-1' }];
  t.deepEqual(facts, { upgraded, upgraded_count: 1, held: [], reboot_needed: false });
  t.true(await plugin.probe(context));
});

dnfTest('dnf that another process keeps from its work is waited for, and that is told', async (t) => {
  const { context, host, clock, facts } = await aStory(t, { lock_timeout: 15 });
  const other = spawn('sleep', ['600']);
  const ended = once(other, 'exit');
  t.teardown(async () => {
    other.kill();
    await ended;
  });
  writeFileSync(host.path('root/persist/rpmdb_lock.pid'), String(other.pid));
  const error = await t.throwsAsync(plugin.run(context), { code: 'package-lock' });
  const said = `RPMDB already locked by ${other.pid}`;
  t.is(error?.message, `Another package manager was at work on compute-1 for more than 15 s: ${said}`);
  t.deepEqual(clock.waits, [10, 10]);
  rmSync(host.path('root/persist/rpmdb_lock.pid'));
  t.is(await plugin.run(context), 'DONE');
  t.is(facts.upgraded_count, 1);
});

dnfTest('a package that dnf cannot install fails the run with its words', async (t) => {
  const { context, packages } = await aStory(t);
  packages.offer('3.0', 'error("no database here")');
  const error = await t.throwsAsync(plugin.run(context), { code: 'upgrade-failed' });
  t.regex(
    error?.message ?? '',
    /^dnf .* ended with exit code 1 on compute-1: .*(fenix-test-package|Transaction failed)/,
  );
  await t.throwsAsync(plugin.verify(context), { code: 'packages-left' });
});
