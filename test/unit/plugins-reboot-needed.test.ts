import test from 'ava';
import { neededByApt } from '../../plugins/lib/reboot-needed.js';
import { AnsweredPrograms } from '../support/answered-programs.js';

/** A Debian whose newest kernel runs, without needrestart. */
const aHost = (): AnsweredPrograms =>
  new AnsweredPrograms()
    .on('test -e', { code: 1 })
    .on('needrestart', { code: 127 })
    .on('readlink', { code: 1, stdout: '/boot/vmlinuz-6.1.0-26-amd64\n' })
    .on('uname', { stdout: '6.1.0-26-amd64\n' });

test('a host that runs its newest kernel and says nothing needs no reboot', async (t) => {
  t.false(await neededByApt(aHost(), '/run/reboot-required'));
});

test('the file that packages write says that a reboot is needed', async (t) => {
  const host = aHost().on('test -e /run/reboot-required', { code: 0 });
  t.true(await neededByApt(host, '/run/reboot-required'));
});

test('so does needrestart, for a kernel that is not the running one', async (t) => {
  t.true(await neededByApt(aHost().on('needrestart', { stdout: 'NEEDRESTART-VER: 3.6\nNEEDRESTART-KSTA: 3\n' }), '/x'));
  t.false(
    await neededByApt(aHost().on('needrestart', { stdout: 'NEEDRESTART-VER: 3.6\nNEEDRESTART-KSTA: 1\n' }), '/x'),
  );
});

test('and a newest kernel that does not run, where nobody writes the file', async (t) => {
  t.true(await neededByApt(aHost().on('uname', { stdout: '6.1.0-25-amd64\n' }), '/x'));
  t.false(await neededByApt(aHost().on('readlink', { code: 1 }).on('uname', { stdout: '6.8.4-1-pve\n' }), '/x'));
});
