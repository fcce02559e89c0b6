import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import plugin from '../../plugins/actions/package-upgrade.js';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { LocalPrograms } from '../../src/remote/local.js';
import type { ActionContext } from '../../src/workflow/contract.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { PackageRoot } from '../support/package-root.js';
import { isRoot, PrivateHost, sshTest } from '../support/private-host.js';
import { SteppingClock } from '../support/stepping-clock.js';

/* Real packages, upgraded by the real apt and dpkg, in a system of packages of the test's own. */

/** dpkg is root's, also in a folder of one's own. */
const rootTest = isRoot ? sshTest : test.skip;

const NAME = 'fenix-test-package';

/** @param over how the host is reached: what matters for one story only is not paid for by all */
async function aStory(t: ExecutionContext, over: 'ssh' | 'nothing' = 'nothing') {
  t.timeout(240_000);
  const host = await PrivateHost.start(t);
  const packages = new PackageRoot(host.path('root'));
  const clock = new SteppingClock();
  const facts: Record<string, unknown> = {};
  const kept: Record<string, unknown> = {};
  const heard: string[] = [];
  const output = (text: string) => void heard.push(text);
  const here = new LocalPrograms(['package-upgrade'], new SystemMachineClock());
  const { signal } = new AbortController();
  const life = (metadata: object = {}, given: Partial<ActionContext> = {}) =>
    actionContext({
      metadata: {
        packages: [NAME],
        env: packages.env,
        min_free_mb: 1,
        reboot_required_path: host.path('reboot-required'),
        ...metadata,
      },
      clock,
      remote: over === 'ssh' ? host.programs({}, { output }) : here.for('package-upgrade', signal, output),
      record: (more) => void Object.assign(facts, more),
      remember: async (more) => void Object.assign(kept, more),
      remembered: kept,
      ...given,
    });
  return { host, packages, clock, facts, kept, heard, life };
}

/** As the engine asks: run, then verify. */
async function upgrade(context: ActionContext): Promise<string> {
  const state = await plugin.run(context);
  return (await plugin.verify(context)) ? state : 'FAILED';
}

rootTest('a package goes from version 1 to 2, and the run says from what to what', async (t) => {
  const { packages, life, facts, heard } = await aStory(t, 'ssh');
  packages.install({ version: '1.0' });
  packages.offer({ version: '2.0' });
  t.true(await plugin.check(life()));
  t.is(packages.version(), '1.0 installed', 'the check changes nothing');
  t.false(await plugin.probe(life()));
  t.is(await upgrade(life()), 'DONE');
  t.is(packages.version(), '2.0 installed');
  t.deepEqual(facts, {
    upgraded: [{ package: NAME, from: '1.0', to: '2.0' }],
    upgraded_count: 1,
    held: [],
    reboot_needed: false,
  });
  t.regex(heard.join(''), /Setting up fenix-test-package \(2\.0\)/);
  t.true(await plugin.probe(life()));
  // Once more there is nothing to do.
  t.is(await upgrade(life({}, { remembered: {} })), 'DONE');
  t.is(facts.upgraded_count, 0);
});

rootTest(
  'without a choice all that is due is upgraded, with what that needs anew, but nothing that is held',
  async (t) => {
    const { packages, life, facts } = await aStory(t);
    packages.install({ version: '1.0' });
    packages.install({ name: 'fenix-test-held', version: '1.0' });
    packages.offer({ name: 'fenix-test-needed', version: '7' });
    packages.offer({ version: '2.0', depends: 'fenix-test-needed' });
    packages.offer({ name: 'fenix-test-held', version: '2.0' });
    packages.hold('fenix-test-held');
    t.is(await upgrade(life({ packages: undefined })), 'DONE');
    t.is(packages.version(), '2.0 installed');
    t.is(packages.version('fenix-test-needed'), '7 installed');
    t.is(packages.version('fenix-test-held'), '1.0 installed');
    t.like(facts, { upgraded_count: 2, held: ['fenix-test-held'] });
    t.is(await upgrade(life({ packages: ['fenix-test-held'] })), 'DONE', 'a hold wins over a choice');
    t.is(packages.version('fenix-test-held'), '1.0 installed');
  },
);

rootTest('security_only leaves alone what no security repository brings', async (t) => {
  const { packages, life, facts } = await aStory(t);
  packages.install({ version: '1.0' });
  packages.offer({ version: '2.0' });
  t.is(await upgrade(life({ packages: undefined, security_only: true })), 'DONE');
  t.is(packages.version(), '1.0 installed');
  t.is(facts.upgraded_count, 0);
});

rootTest('a dry run tells what would be upgraded, and upgrades nothing', async (t) => {
  const { packages, life, facts } = await aStory(t);
  packages.install({ version: '1.0' });
  packages.offer({ version: '2.0' });
  t.is(await upgrade(life({ dry_run: true })), 'DONE');
  t.is(packages.version(), '1.0 installed');
  t.deepEqual(facts, {
    dry_run: true,
    would_upgrade: [{ package: NAME, from: '1.0', to: '2.0' }],
    would_upgrade_count: 1,
    held: [],
  });
});

rootTest('configuration that was changed on the host is kept, or replaced where that is asked for', async (t) => {
  const { packages, life, host } = await aStory(t);
  packages.install({ version: '1.0', conffile: 'as in 1.0\n' });
  packages.offer({ version: '2.0', conffile: 'as in 2.0\n' });
  packages.file(`etc/${NAME}.conf`, 'as the operator wants it\n');
  t.is(await upgrade(life()), 'DONE');
  t.is(host.read(`root/etc/${NAME}.conf`), 'as the operator wants it\n');
  packages.offer({ version: '3.0', conffile: 'as in 3.0\n' });
  t.is(await upgrade(life({ config_files: 'replace' })), 'DONE');
  t.is(host.read(`root/etc/${NAME}.conf`), 'as in 3.0\n');
});

rootTest('a package whose installation fails fails the run; mended, it is ended by the next one', async (t) => {
  const { packages, life, host } = await aStory(t);
  packages.install({ version: '1.0' });
  packages.offer({
    version: '2.0',
    postinst: `test -e ${host.path('mended')} || { echo "no database here" >&2; exit 1; }`,
  });
  const error = await t.throwsAsync(plugin.run(life()), { code: 'upgrade-failed' });
  t.regex(error?.message ?? '', /apt-get .* ended with exit code 100 on compute-1: .*fenix-test-package|sub-process/i);
  t.is(packages.version(), '2.0 half-configured');
  await t.throwsAsync(plugin.verify(life()), {
    code: 'package-broken',
    message: /On compute-1 dpkg --audit says: .*fenix-test-package/,
  });
  t.false(await plugin.probe(life()));
  await t.throwsAsync(plugin.run(life()), {
    code: 'package-broken',
    message: /dpkg .*--configure -a ended with exit code 1/,
  });
  host.write('mended', '');
  t.is(await upgrade(life()), 'DONE');
  t.is(packages.version(), '2.0 installed');
});

rootTest('a new kernel wants a reboot, whatever the host says', async (t) => {
  const { packages, life, facts } = await aStory(t);
  packages.install({ name: 'linux-image-fenix-test', version: '1.0' });
  packages.offer({ name: 'linux-image-fenix-test', version: '2.0' });
  t.is(await upgrade(life({ packages: undefined })), 'DONE');
  t.like(facts, { upgraded_count: 1, reboot_needed: true });
});

rootTest('a lock that somebody else holds is waited for, and named when that takes too long', async (t) => {
  const { packages, life, clock } = await aStory(t);
  packages.install({ version: '1.0' });
  packages.offer({ version: '2.0' });
  const holder = await aLock(t, packages.path('var/lib/dpkg/lock-frontend'));
  const error = await t.throwsAsync(plugin.run(life({ lock_timeout: 25 })), { code: 'package-lock' });
  t.regex(error?.message ?? '', /^Another package manager was at work on compute-1 for more than 25 s: .*lock/);
  t.is(packages.version(), '1.0 installed');
  t.deepEqual(clock.waits, [10, 10, 10]);
  clock.waits.length = 0;
  // The other one ends while we wait.
  const ending = {
    ...clock,
    now: () => clock.now(),
    sleep: async (until: Date) => {
      await holder.end();
      await clock.sleep(until);
    },
  };
  t.is(await upgrade(life({}, { clock: ending })), 'DONE');
  t.deepEqual(clock.waits, [10]);
  t.is(packages.version(), '2.0 installed');
});

rootTest('packages that are not there, not known, or not installed fail the check by name', async (t) => {
  const { packages, life } = await aStory(t);
  packages.install({ version: '1.0' });
  packages.offer({ name: 'fenix-test-other', version: '1.0' });
  const error = await t.throwsAsync(plugin.check(life({ packages: [NAME, 'fenix-test-other', 'fenix-test-no'] })), {
    instanceOf: FenixError,
    code: 'package-missing',
  });
  t.is(error?.message, 'packages names what is not installed on compute-1: fenix-test-other, fenix-test-no.');
});

rootTest('a repository that does not answer fails the check, after three tries', async (t) => {
  const { packages, life, clock, host } = await aStory(t);
  packages.install({ version: '1.0' });
  packages.file('apt/etc/sources.list', `deb [trusted=yes] file:${host.path('gone')} ./\n`);
  const error = await t.throwsAsync(plugin.check(life()), { code: 'repository' });
  t.regex(error?.message ?? '', /^apt-get .*update ended with exit code 100 on compute-1: E: .*gone/);
  t.deepEqual(clock.waits, [15, 60]);
});

rootTest('a host with too little room fails the check', async (t) => {
  const { packages, life } = await aStory(t);
  packages.install({ version: '1.0' });
  const error = await t.throwsAsync(plugin.check(life({ min_free_mb: 1_000_000_000 })), { code: 'disk-full' });
  t.regex(
    error?.message ?? '',
    /^compute-1 has \d+ MiB free on \/\S*, and 1000000000 MiB \(min_free_mb\) are wanted\.$/,
  );
});

rootTest('a host that needs a reboot afterwards gets one, once, also when the engine dies meanwhile', async (t) => {
  const { packages, life, host, facts, kept } = await aStory(t, 'ssh');
  packages.install({ version: '1.0' });
  packages.offer({
    version: '2.0',
    postinst: `echo "*** System restart required ***" > ${host.path('reboot-required')}`,
  });
  host.write('reboots', '');
  host.program('reboot-now', `echo reboot >> ${host.path('reboots')}; kill $(cat ${host.path('sshd.pid')})`);
  host.beforeBack = () => {
    host.write('boot_id', 'boot-2\n');
    host.remove('reboot-required');
  };
  const options = { reboot_argv: ['reboot-now'], boot_id_path: host.path('boot_id'), wait_for_service: false };
  t.is(await upgrade(life({ reboot: 'never' })), 'DONE');
  t.like(facts, { reboot_needed: true });
  t.is(host.read('reboots'), '');
  const metadata = { reboot: 'if-needed', reboot_options: options };
  t.is(await upgrade(life(metadata)), 'DONE');
  t.is(host.read('reboots'), 'reboot\n');
  t.like(facts, { reboot_needed: true, rebooted: true, boot_id: 'boot-2' });
  t.like(kept, { bootId: null, rebootedIn: 1 });
  t.true(await plugin.probe(life(metadata)));
  t.is(await upgrade(life(metadata)), 'DONE');
  t.is(host.read('reboots'), 'reboot\n');
});

rootTest('services are restarted where that is asked for, and one that does not start is a failure', async (t) => {
  const { packages, life, host } = await aStory(t, 'ssh');
  packages.install({ version: '1.0' });
  host.program(
    'systemctl',
    `echo "$*" >> ${host.path('asked')}; [ "$3" != broken.service ] || { echo "Job failed" >&2; exit 1; }`,
  );
  t.is(await upgrade(life({ restart_services: ['nova-compute.service', 'libvirtd'] })), 'DONE');
  t.is(host.read('asked'), 'restart -- nova-compute.service libvirtd\n');
  const error = await t.throwsAsync(plugin.run(life({ restart_services: ['broken.service'] })), {
    code: 'service-restart',
  });
  t.is(error?.message, 'systemctl restart -- broken.service ended with exit code 1 on compute-1: Job failed');
});

/** Somebody else's lock on a file, as dpkg takes it. */
async function aLock(t: ExecutionContext, file: string): Promise<{ end(): Promise<void> }> {
  const script =
    '$l = pack("s s x4 q q i x4", 1, 0, 0, 0, 0); open F, ">>", shift; fcntl(F, 6, $l) or die; $| = 1; print "locked\\n"; <STDIN>';
  const child = spawn('perl', ['-e', script, file], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  const end = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  t.teardown(end);
  await Promise.race([once(child.stdout, 'data'), ended.then(() => Promise.reject(new Error('perl took no lock')))]);
  return { end };
}
