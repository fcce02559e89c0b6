import test from 'ava';
import { Apt } from '../../plugins/lib/packages/apt.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { AnsweredPrograms } from '../support/answered-programs.js';

/* What apt says is written down here as a Debian with a security repository says it; the rest is shown by the real apt. */

const KERNEL = 'Inst linux-image-amd64 [6.1.112-1] (6.1.119-1 Debian-Security:12/stable-security [amd64])';
const NEW_KERNEL = 'Inst linux-image-6.1.0-28-amd64 (6.1.119-1 Debian-Security:12/stable-security [amd64])';
const LIBRARY =
  'Inst libssl3:amd64 [3.0.14-1] (3.0.15-1 Debian:12.8/stable, Debian-Security:12/stable-security [amd64]) []';
const EDITOR = 'Inst vim [2:9.0.1378-2] (2:9.0.1378-3 Debian:12.8/stable [amd64])';
const said = (...lines: string[]) => ({
  stdout: [...lines, 'Conf vim (2:9.0.1378-3 Debian:12.8/stable [amd64])', ''].join('\n'),
});

test('apt: security_only takes what a security repository brings, and what that needs', async (t) => {
  const remote = new AnsweredPrograms()
    .on('apt-get -y -q -s', said(KERNEL, LIBRARY, EDITOR), said(KERNEL, NEW_KERNEL, LIBRARY))
    .on('apt-mark showhold', { stdout: 'nova-compute\n' });
  const apt = new Apt(actionContext({ remote }), { security_only: true });
  const plan = await apt.plan();
  t.deepEqual(plan, {
    changes: [
      { package: 'linux-image-amd64', from: '6.1.112-1', to: '6.1.119-1' },
      { package: 'linux-image-6.1.0-28-amd64', from: null, to: '6.1.119-1' },
      { package: 'libssl3:amd64', from: '3.0.14-1', to: '3.0.15-1' },
    ],
    held: ['nova-compute'],
  });
  t.regex(remote.lines('apt-get')[1] ?? '', / install --only-upgrade -- linux-image-amd64 libssl3:amd64$/);
});

test('apt: all that is due is asked for as a whole, without removals unless they are allowed', async (t) => {
  for (const [removals, wanted] of [
    [false, / --no-remove upgrade --with-new-pkgs$/],
    [true, / dist-upgrade$/],
  ] as const) {
    const remote = new AnsweredPrograms().on('apt-get -y -q -s', said(EDITOR));
    const apt = new Apt(actionContext({ remote }), { removals });
    await apt.upgrade(await apt.plan());
    const [simulated = '', done = ''] = remote.lines('apt-get');
    t.regex(simulated, wanted);
    t.is(simulated.replace(' -s ', ' '), done);
    t.false(removals && done.includes('--no-remove'));
  }
});

test('apt: versions are known by name, and by name and architecture', async (t) => {
  const stdout = 'installed\tlibssl3\t3.0.15-1\tamd64\nconfig-files\tvim\t9\tamd64\n';
  const apt = new Apt(actionContext({ remote: new AnsweredPrograms().on('dpkg-query', { stdout }) }), {});
  t.deepEqual(
    [...(await apt.versions(['libssl3', 'vim']))],
    [
      ['libssl3', '3.0.15-1'],
      ['libssl3:amd64', '3.0.15-1'],
    ],
  );
});

test('apt: a dpkg that was interrupted meanwhile is mended, and the upgrade gone on with', async (t) => {
  const interrupted = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.";
  const remote = new AnsweredPrograms().on('apt-get', { code: 100, stderr: interrupted }, {});
  const apt = new Apt(actionContext({ remote }), {});
  await apt.upgrade({ changes: [], held: [] });
  t.deepEqual(
    remote.asked.map(({ argv }) => argv[0]),
    ['apt-get', 'dpkg', 'apt-get'],
  );
  t.true(remote.asked.every(({ options }) => options.outlives));
});
