import type { ExecutionContext } from 'ava';
import plugin from '../../plugins/actions/reboot.js';
import { FenixError } from '../../src/common/errors.js';
import type { ActionContext } from '../../src/workflow/contract.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { aService } from '../support/engine-views.js';
import { PrivateHost, sshTest } from '../support/private-host.js';
import { SteppingClock } from '../support/stepping-clock.js';

/* Reboots of a private sshd: it ends and comes back with another boot id. */

interface Story {
  readonly host: PrivateHost;
  readonly clock: SteppingClock;
  readonly facts: Record<string, unknown>;
  /** What is kept over a crash of the engine. */
  readonly kept: Record<string, unknown>;
  life(given?: Partial<ActionContext>): ActionContext;
  reboots(): number;
}

/** @param service whether Nova sees the compute service, look by look; the last one goes on */
async function aStory(
  t: ExecutionContext,
  metadata: object = {},
  service: readonly boolean[] = [true],
): Promise<Story> {
  t.timeout(180_000);
  const host = await PrivateHost.start(t);
  host.write('reboots', '');
  host.beforeBack = () => host.write('boot_id', `boot-${host.read('reboots').split('\n').length}\n`);
  // Not from within the connection that asks: that one ends by itself, as on a machine that goes down.
  host.program('reboot-now', `echo reboot >> ${host.path('reboots')}; kill $(cat ${host.path('sshd.pid')})`);
  const clock = new SteppingClock();
  const facts = {};
  const kept: Record<string, unknown> = {};
  const looks = [...service];
  const cloud = {
    services: async () => {
      const up = looks.length > 1 ? looks.shift() : looks[0];
      return up === undefined ? [] : [{ ...aService('compute-1'), up }];
    },
  } as ActionContext['cloud'];
  const life = (given: Partial<ActionContext> = {}) =>
    actionContext({
      metadata: { reboot_argv: ['reboot-now'], boot_id_path: host.path('boot_id'), ...metadata },
      clock,
      cloud,
      remote: host.programs({ connectTimeout: 5 }),
      record: (more) => void Object.assign(facts, more),
      remember: async (more) => void Object.assign(kept, more),
      remembered: kept,
      ...given,
    });
  const reboots = () => host.read('reboots').split('\n').length - 1;
  return { host, clock, facts, kept, life, reboots };
}

sshTest(
  'a host is rebooted once, and done when its new boot and a fresh sign of its compute service are seen',
  async (t) => {
    const { life, facts, clock, reboots } = await aStory(t, {}, [false, false, true]);
    t.is(await plugin.run(life()), 'DONE');
    t.is(reboots(), 1);
    t.deepEqual(facts, { boot_id_before: 'boot-1', boot_id: 'boot-2', rebooted: true });
    // The service counts as up for a minute after its last sign of life, which the old boot may have given.
    t.true(clock.now().getTime() - new Date('2026-01-01T00:00:00Z').getTime() >= 60_000);
  },
);

sshTest('an engine that dies after asking does not make the host reboot once more', async (t) => {
  const { life, facts, kept, host, reboots } = await aStory(t, { wait_for_service: false });
  host.comesBack = false;
  const dying = new AbortController();
  const { remote } = life();
  const dies: ActionContext['remote'] = {
    run: async (argv, options) => {
      const result = await remote.run(argv, options);
      if (argv.includes('reboot-now')) dying.abort();
      return result;
    },
  };
  await t.throwsAsync(plugin.run(life({ remote: dies, signal: dying.signal })));
  t.deepEqual(kept, { bootId: 'boot-1' });
  t.is(reboots(), 1);
  t.false(await plugin.probe(life()), 'the host is away');
  host.beforeBack();
  await host.up();
  t.true(await plugin.probe(life()));
  t.is(await plugin.run(life()), 'DONE');
  t.is(reboots(), 1);
  t.is(facts.boot_id, 'boot-2');
});

sshTest(
  'an engine that dies when all is done, and an attempt that only waited too short, do not reboot again',
  async (t) => {
    const { life, kept, host, reboots } = await aStory(t, { timeout: 30 }, [false]);
    await t.throwsAsync(plugin.run(life()), { code: 'compute-service-down' });
    t.is(reboots(), 1);
    const patient = { metadata: { ...life().metadata, wait_for_service: false }, attempt: 2 };
    t.is(await plugin.run(life(patient)), 'DONE');
    t.deepEqual(kept, { bootId: null, rebootedIn: 2 });
    t.true(await plugin.probe(life(patient)));
    t.is(await plugin.run(life(patient)), 'DONE');
    t.is(reboots(), 1);
    t.is(host.read('boot_id'), 'boot-2\n');
  },
);

sshTest('an engine that dies before asking has the host rebooted by the next one', async (t) => {
  const { life, kept, reboots } = await aStory(t, { wait_for_service: false });
  kept.bootId = 'boot-1';
  t.false(await plugin.probe(life()));
  t.is(await plugin.run(life()), 'DONE');
  t.is(reboots(), 1);
});

sshTest('a host that does not come back is a failure that says so, and how the last try ended', async (t) => {
  const { life, host } = await aStory(t, { timeout: 30 });
  host.comesBack = false;
  const error = await t.throwsAsync(plugin.run(life()), { instanceOf: FenixError });
  t.like(error, { code: 'host-not-back' });
  t.regex(
    error?.message ?? '',
    /^compute-1 did not come back within 30 s of its reboot: compute-1 cannot be reached: .*refused/,
  );
});

sshTest('a host that goes on as before is asked a second time, and then is a failure', async (t) => {
  const { life, host, reboots } = await aStory(t, { timeout: 125 });
  host.program('reboot-now', `echo reboot >> ${host.path('reboots')}`);
  const error = await t.throwsAsync(plugin.run(life()), { code: 'reboot-not-begun' });
  t.is(error?.message, 'compute-1 was asked to reboot and goes on as before, 125 s later.');
  t.is(reboots(), 2);
});

sshTest('a host that refuses to reboot is a failure with its words', async (t) => {
  const { life, host } = await aStory(t);
  host.program('reboot-now', 'echo "Operation inhibited by backup" >&2; exit 1');
  const error = await t.throwsAsync(plugin.run(life()), { code: 'reboot-refused' });
  t.is(error?.message, 'reboot-now ended with exit code 1 on compute-1: Operation inhibited by backup');
});

sshTest('a compute service that does not come up again is a failure', async (t) => {
  const { life } = await aStory(t, { timeout: 60 }, [false]);
  const error = await t.throwsAsync(plugin.run(life()), { code: 'compute-service-down' });
  t.is(error?.message, 'compute-1 is back, but its compute service did not come up within 120 s.');
});

sshTest('a host whose key is another one after the reboot is not waited for', async (t) => {
  const { life, host } = await aStory(t);
  host.beforeBack = () => {
    host.makeKey('other_key');
    host.write('host_key', host.read('other_key'));
  };
  await t.throwsAsync(plugin.run(life()), { code: 'host-key' });
});

sshTest('only_if_needed leaves a host alone that does not say that it needs one', async (t) => {
  const { life, host, facts, reboots } = await aStory(t, { only_if_needed: true, wait_for_service: false });
  host.program('apt-get', 'exit 0');
  host.program('needrestart', 'exit 1');
  host.program('readlink', 'exit 1');
  const given = { metadata: { ...life().metadata, reboot_required_path: host.path('reboot-required') } };
  t.true(await plugin.check(life(given)));
  t.is(await plugin.run(life(given)), 'DONE');
  t.is(reboots(), 0);
  t.deepEqual(facts, { rebooted: false });
  host.write('reboot-required', '*** System restart required ***');
  t.is(await plugin.run(life(given)), 'DONE');
  t.is(reboots(), 1);
});

sshTest('the check tells before anybody is told that a host cannot be reached', async (t) => {
  const { life, host } = await aStory(t);
  t.true(await plugin.check(life()));
  await host.stop();
  await t.throwsAsync(plugin.check(life()), { code: 'unreachable' });
});

sshTest('metacharacters of a shell in each text of the metadata are only texts', async (t) => {
  const { life, host, reboots } = await aStory(t, { wait_for_service: false });
  const odd = `boot $(touch ${host.path('harm')}) ';\`"&`;
  host.write(odd.replaceAll('/', '_'), 'boot-1\n');
  const path = host.path(odd.replaceAll('/', '_'));
  host.program(
    'reboot-now',
    `[ "$1" = "$(cat ${host.path('wanted')})" ] && echo reboot >> ${host.path('reboots')} && echo boot-9 > "$2"`,
  );
  host.write('wanted', odd);
  const metadata = { ...life().metadata, boot_id_path: path, reboot_argv: ['reboot-now', odd, path] };
  t.is(await plugin.run(life({ metadata })), 'DONE');
  t.is(reboots(), 1);
  t.false(host.has('harm'));
});
