import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { startApiServer } from '../../src/api/index.js';
import { TestApi } from '../support/api.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';
import { type CliOptions, type CliResult, type CliRun, cli, startCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';
import { Scenario, type ScenarioOptions } from '../support/scenario.js';
import { Screen } from '../support/screen.js';

const sqlite = databaseKinds[0] as DatabaseKind;

/** What is still running at the end of a test must not keep the process. */
function leaving(t: ExecutionContext): AbortController {
  const ended = new AbortController();
  t.teardown(() => ended.abort());
  return ended;
}

/** A whole simulated system, and `fenix` as its admin or as one of its projects. */
async function aSystem(t: ExecutionContext, options: ScenarioOptions = {}) {
  // Each look for events is an instant to stop at.
  const scenario = await Scenario.start(t, { options: { api: { event_poll_interval: 5 } }, ...options });
  await scenario.system.startEngine();
  const { simulator } = scenario.system;
  const now = (): Date => scenario.clock.now();
  const as = (user: string): Record<string, string> => ({
    OS_AUTH_URL: simulator.authUrl,
    OS_USERNAME: user,
    OS_PASSWORD: user,
    OS_PROJECT_NAME: user,
  });
  const admin = as('admin');
  const { signal } = leaving(t);
  const fenix = (args: string, more: CliOptions = {}): Promise<CliResult> =>
    cli(args.split(' '), { env: admin, now, signal, ...more });
  const starting = (args: string, more: CliOptions = {}): CliRun =>
    startCli(args.split(' '), { env: admin, now, signal, ...more });
  /** Its answer, of a command that must go well. */
  const well = async (args: string, more: CliOptions = {}): Promise<string> => {
    const { code, out, err } = await fenix(args, more);
    t.is(code, 0, `fenix ${args}: ${err}`);
    return out;
  };
  const json = async (args: string, more: CliOptions = {}) => JSON.parse(await well(`${args} -f json`, more));
  /** Steps the system until the command has ended. */
  const stepping = async (run: CliRun): Promise<number> => {
    let code: number | undefined;
    void run.code.then((value) => {
      code = value;
    });
    while (code === undefined) {
      await scenario.step();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return code;
  };
  return { scenario, simulator, admin, as, now, fenix, starting, well, json, stepping };
}

test.serial('an admin runs a session by fenix alone, in every format, and follows each of its events', async (t) => {
  const { scenario, well, json, fenix, starting, stepping } = await aSystem(t);
  const created = await well('session create --at +60s --action host:noop:duration=30 -f value -c session_id');
  const id = created.trim();
  t.regex(id, /^[0-9a-f-]{36}$/);

  const columns = ['session_id', 'state', 'workflow', 'maintenance_at', 'percent_done', 'paused_at'];
  const row = [id, 'MAINTENANCE', 'default', '2026-01-01T00:01:00', '0', ''];
  const table = await well('session list');
  t.regex(table, /^\+-+\+.*\+\n\| session_id +\| state +\|/);
  t.true(table.includes(`| ${row.slice(0, 2).join(' | ')} `));
  t.is(await well('session list -f csv'), `${columns.join(',')}\n${row.join(',')}\n`);
  t.is(await well('session list -f value -c state -c Session-ID'), `MAINTENANCE ${id}\n`);
  const listed = { session_id: id, state: 'MAINTENANCE', workflow: 'default', percent_done: 0, paused_at: null };
  t.like((await json('session list'))[0], listed);
  t.like(parse(await well('session list -f yaml'))[0], listed);
  t.is(await well('session list --state MAINTENANCE_DONE -f value'), '');
  t.like(await json(`session show ${id}`), { state: 'MAINTENANCE', hosts_maintained: 0, paused_at: null });

  t.is(await stepping(starting(`session pause ${id} --wait`)), 0);
  t.not((await json(`session show ${id}`)).paused_at, null);
  t.is(await stepping(starting(`session resume ${id} --wait`)), 0);
  t.is((await json(`session show ${id}`)).paused_at, null);

  const watching = starting(`session watch ${id}`);
  const objects = starting(`session watch ${id} -f json`);
  await scenario.finish(id);
  t.is(await stepping(watching), 0, watching.err);
  t.is(await stepping(objects), 0, objects.err);
  const history = await json(`session history ${id}`);
  const told = objects.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const closed = history.findIndex(({ what }: { what: string }) => what === 'closed');
  const flat = history
    .slice(0, closed + 1)
    .map(({ details, ...rest }: { details: object }) => ({ ...rest, ...details }));
  t.deepEqual(told, flat, 'every line of the history, once, in order');
  const lines = watching.out.trimEnd().split('\n');
  t.is(lines.length, told.length);
  t.true(lines.some((line) => /^[0-9T:-]+Z host: compute-2: waiting -> emptying, its turn has come$/.test(line)));
  t.regex(watching.out, /Z effect-begun: MIGRATE of \S+ from compute-1 to compute-2\n/);
  t.regex(watching.out, /Z waiting: Waiting for 2 project\(s\) to answer MAINTENANCE: .* \(until \S+Z\)\n/);

  const detail = await json(`session detail ${id}`);
  t.like(detail, { state: 'MAINTENANCE_DONE', percent_done: 100 });
  t.regex(await well(`session detail ${id}`), /\nhosts\n[\s\S]*\nprojects\n[\s\S]*\ninstances\n[\s\S]*\nruns\n/);
  t.is((await well(`host list ${id} -f value -c hostname -c maintained`)).split('\n')[0], 'compute-1 true');
  t.is((await json('workflow list')).map(({ name }: { name: string }) => name).join(), 'default,vnf');
  t.like(await json('workflow show vnf'), { name: 'vnf', source: 'fenix' });
  t.like(await json('action show noop'), { name: 'noop', timeout_s: null });
  t.true((await json('action list')).length > 5);
  t.like((await json('engine list'))[0], { alive: true, broken_plugins: 0 });
  t.like(await json('health'), { status: 'ok' });
  t.like(await fenix('action show nope'), { code: 1 });

  await well(`session delete ${id}`);
  const gone = await fenix(`session show ${id}`);
  t.like(gone, { code: 1, out: '' });
  t.regex(gone.err, /^fenix: There is no such session\. \(not-found/);
  t.true((await json(`session history ${id}`)).length > 10, 'what happened is known still');
});

test.serial('a session that fails: exit code 3 and why, decisions about hosts, going on, and an abort', async (t) => {
  const { well, json, fenix, starting, stepping } = await aSystem(t);
  const body = `
maintenance_at: "2026-01-01 00:01:00"
policy: {plugin_failed: fail}
limits: {hosts: 1}
actions:
  - {plugin: noop, type: host, metadata: {duration: 5, fail_on: [compute-1, compute-3], fail_times: 1}}
`;
  const creating = starting('session create --file - --limit hosts=2 --wait -f value -c state', { stdin: body });
  t.is(await stepping(creating), 3);
  t.is(creating.out, 'MAINTENANCE_FAILED\n');
  t.regex(creating.err, /Session \S+ ended in MAINTENANCE_FAILED: .*(compute-1|compute-3)/);
  const [{ session_id: id }] = await json('session list');
  t.deepEqual((await json(`session detail ${id}`)).limits, { hosts: 2 }, 'options go before the file');
  const watched = await fenix(`session watch ${id}`);
  t.is(watched.code, 3);
  t.regex(watched.err, /ended in MAINTENANCE_FAILED: /);

  const failed = (await json(`host list ${id}`)).find(({ state }: { state: string }) => state !== 'done').hostname;
  const done = await fenix(`host done ${id} ${failed} --wait`);
  t.like(done, { code: 0 });
  t.regex(done.err, /nothing is waited for/);
  const goingOn = starting(`session continue ${id} --wait`);
  const code = await stepping(goingOn);
  t.true(code === 3 || code === 0, 'the other host fails, too, unless it was through');
  if (code === 3) t.is(await stepping(starting(`session continue ${id} --wait`)), 0);
  t.is((await json(`session show ${id}`)).state, 'MAINTENANCE_DONE');
  const refused = await fenix(`session continue ${id}`);
  t.is(refused.code, 1);
  t.regex(refused.err, /not-resumable/);

  const second = (
    await well('session create --at +2h --host compute-1 --host compute-2 -f value -c session_id')
  ).trim();
  t.is(await stepping(starting(`host add ${second} compute-3 --wait`)), 0);
  t.is(await stepping(starting(`host skip ${second} compute-2 --wait`)), 0);
  t.is(await stepping(starting(`host done ${second} compute-3 --wait`)), 0);
  const states = await well(`host list ${second} -f value -c state`);
  t.is(states, 'waiting\nskipped\ndone\n');
  t.is(await stepping(starting(`host retry ${second} compute-2 --wait --timeout 0`)), 4, 'in vain within no time');
  const unknown = await fenix(`host skip ${second} nowhere`);
  t.is(unknown.code, 1);
  t.regex(unknown.err, /unknown-host/);
  t.is((await fenix('session create --at now --host compute-1')).code, 1, 'the host belongs to another session');
  t.is(await stepping(starting(`session abort ${second} --revert --wait`)), 0);
  t.is((await json(`session show ${second}`)).state, 'MAINTENANCE_FAILED');
});

test.serial('a project tells its constraints and answers for itself, and sees nothing else', async (t) => {
  const { scenario, well, json, fenix, as } = await aSystem(t, {
    managers: { dialect: 'silent' },
  });
  const project = { env: as('project-1') };
  const set = await json(
    'constraint set vm-1 --group db --migration-type LIVE_MIGRATE --lead-time 2min --no-resource-mitigation',
    project,
  );
  const expected = { instance_id: 'vm-1', group_id: 'db', migration_type: 'LIVE_MIGRATE', lead_time: 120 };
  t.like(set, { ...expected, resource_mitigation: false, max_interruption_time: 120 });
  t.like(await json('constraint show vm-1', project), expected);
  const group = { group_id: 'db', max_impacted_members: 2, anti_affinity_group: true, recovery_time: 30 };
  const args = 'group set db --anti-affinity --max-impacted-members 2 --property min_recovery_time_between_impacts=30';
  t.like(await json(args, project), group);
  t.like(await json('group show db', project), group);
  await well('group delete db', project);
  t.is((await fenix('group show db', project)).code, 1);
  await well('constraint delete vm-1 vm-2', project);
  t.is((await fenix('constraint show vm-1', project)).code, 1);
  const wrong = await fenix('group set db --property max_impacted_members=many', project);
  t.is(wrong.code, 1);
  t.regex(wrong.err, /field max_impacted_members/);
  t.like(await fenix('session list', project), { code: 5, out: '' });

  const id = (await well('session create --at +60s -f value -c session_id')).trim();
  await scenario.advance(5);
  const asked = await well(`session instances ${id} -f value`, project);
  t.is(asked.trim().split('\n').length, 2);
  t.is(await well(`reply ${id} --defer 30s -f value -c reply_at`, project), '2026-01-01T00:01:10\n');
  t.is((await fenix(`reply ${id} ACK_MAINTENANCE --project ${'0a'.repeat(16)}`, project)).code, 5);
  t.is(await well(`reply ${id} ACK_MAINTENANCE -f value`, project), 'ACK_MAINTENANCE\n');
  const stuck = await fenix(`session watch ${id} --new --timeout 1`);
  t.is(stuck.code, 4, 'it goes on, and is watched no longer');
  t.regex(stuck.err, /watched for 1 s; it goes on/);
  await scenario.advance(10);
  const replies = (await json(`session history ${id}`)).filter(({ what }: { what: string }) => what === 'reply');
  t.true(replies.some(({ details }: { details: { state: string } }) => details.state === 'ACK_MAINTENANCE'));
});

test.serial(
  'the live view in 80×24: hosts, moves and where to, who is waited for, why, and how long yet',
  async (t) => {
    const { scenario, well, starting, stepping } = await aSystem(t, {
      cloud: { hosts: 12, instances: 30, projects: 3 },
    });
    const created = await well(
      'session create --at +60s --workflow vnf --action host:noop:duration=30 -f value -c session_id',
    );
    const id = created.trim();
    const screen = new Screen(80, 24);
    const watching = starting(`session watch ${id}`, { screen });
    const shows = async (pattern: RegExp): Promise<void> =>
      eventually(() => pattern.test(screen.text()), `${pattern}\n${screen.text()}`, 20, 20);
    await scenario.advance(10);
    await shows(/^MAINTENANCE +░+ +0 % .* begins in \d+ s/);
    await shows(/Waits for maintenance-at, at most \d+ s more/);
    await scenario.until(async () => {
      const { waiting } = await scenario.system.client.detail(id);
      return waiting?.for === 'replies' && waiting.message.includes('PLANNED_MAINTENANCE');
    });
    await shows(/asked: [0-9a-f]{32} \(PLANNED_MAINTENANCE, \d+ s left\)\n/);
    await shows(/held: .*\n(.*\n)* {2}\S+ \(group-limit, .* left\): At most 1 member/);
    await scenario.until(async () => {
      const { instances, hosts } = await scenario.system.client.detail(id);
      return (
        instances.some((one) => one.action !== null && !one.action_done) && hosts.some((one) => one.state === 'done')
      );
    });
    // Time stands still, and with it the looks for events that the API has to send.
    await scenario.advance(5);
    await shows(/moves: \S+ MIGRATE compute-\d+ -> compute-\d+\n/);
    await shows(/about .* left/);
    await shows(/emptying: compute-\d+/);
    await shows(/12 hosts, \d+ moves?, \d+ notices {2}session /);
    t.true(screen.text().split('\n').length <= 24);
    t.true(screen.cursorHidden);
    await scenario.finish(id);
    t.is(await stepping(watching), 0, watching.err);
    t.false(screen.cursorHidden);
    t.regex(screen.text(), /^MAINTENANCE_DONE +█+ +100 %/m);
    t.true(screen.colors.length > 0);

    const plain = new Screen(80, 24);
    t.is(await starting(`session watch ${id} -f json`, { screen: Object.assign(plain, { columns: 10_000 }) }).code, 0);
    t.is(plain.colors.length, 0, 'a format that is asked for is given on a terminal, too');
  },
);

test.serial('each way to authenticate, and clear words for each that does not work', async (t) => {
  const { simulator, fenix, json, as } = await aSystem(t);
  const { cloud, authUrl } = simulator;
  t.deepEqual(await json('session list'), []);
  const wrong = await fenix('session list', { env: { ...as('admin'), OS_PASSWORD: 'hunter2' } });
  t.like(wrong, { code: 5, out: '' });
  t.regex(wrong.err, /^fenix: Keystone does not take these credentials: .*401.*authentication-failed/);
  t.false(wrong.err.includes('hunter2'));

  const user = cloud.users.find(({ name }) => name === 'admin');
  t.truthy(user);
  if (user === undefined) return;
  cloud.applicationCredentials.push({ id: 'cred', name: 'cli', secret: 's3cret', user });
  const byCredential = {
    OS_AUTH_URL: authUrl,
    OS_APPLICATION_CREDENTIAL_ID: 'cred',
    OS_APPLICATION_CREDENTIAL_SECRET: 's3cret',
  };
  t.is((await fenix('session list', { env: byCredential })).code, 0);
  const token = await fetch(`${authUrl}/auth/tokens`, {
    method: 'POST',
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'admin', password: 'admin', domain: { id: 'default' } } },
        },
        scope: { project: { name: 'admin', domain: { id: 'default' } } },
      },
    }),
    headers: { 'Content-Type': 'application/json' },
  }).then((answer) => answer.headers.get('x-subject-token') ?? '');
  const byToken = { OS_AUTH_URL: authUrl, OS_TOKEN: token, OS_PROJECT_NAME: 'admin' };
  t.is((await fenix('session list', { env: byToken })).code, 0);
  const debugged = await fenix('session list --debug', { env: byToken });
  t.regex(debugged.err, /^REQ: POST \S+\/auth\/tokens /);
  t.false(debugged.err.includes(token));
  const stale = await fenix('session list', { env: { ...byToken, OS_TOKEN: `${token}x` } });
  t.is(stale.code, 5);
  t.regex(stale.err, /Keystone does not take these credentials/);
  const nowhere = await fenix('session list --os-region-name Atlantis');
  t.is(nowhere.code, 1);
  t.regex(nowhere.err, /no public endpoint of type maintenance in region Atlantis/);
});

test.serial('the API restarts in mid-watch: it says so, goes on, and no event is lost or told twice', async (t) => {
  const api = await TestApi.start(t, sqlite);
  const { sessionId } = await api.session([]);
  const port = await freePort();
  const serve = () => startApiServer({ app: api.app, host: '127.0.0.1', port });
  const env = { OS_TOKEN: 'admin', OS_MAINTENANCE_ENDPOINT_OVERRIDE: `http://127.0.0.1:${port}/v1/` };
  const control = (body: object) => api.send('POST', `/v1/maintenance/${sessionId}/action`, { token: 'admin', body });
  const wordsOf = (run: CliRun): string[] => [...run.out.matchAll(/Z ([\w-]+):/g)].map(([, word = '']) => word);

  const refused = await cli(['session', 'watch', sessionId], { env });
  t.is(refused.code, 4, 'who begins while it is away is told at once');
  t.regex(refused.err, /^fenix: Fenix at http:\S+ cannot be reached: /);

  const first = await serve();
  const screen = new Screen(80, 24);
  const { signal } = leaving(t);
  const lines = startCli(['session', 'watch', sessionId], { env, signal });
  const live = startCli(['session', 'watch', sessionId], { env, screen, signal });
  await control({ pause: {} });
  await eventually(() => wordsOf(lines).length === 1 && screen.text().includes(' pause'));
  await first.close(0);
  await eventually(() => lines.err.includes('Connecting again; no event is lost.'));
  await eventually(() => screen.text().includes('connection: '), screen.text());
  await control({ resume: {} });
  await control({ pause: {} });
  const second = await serve();
  t.teardown(() => second.close(0));
  await eventually(() => lines.err.includes('Connected again.'));
  await eventually(() => !screen.text().includes('connection: '));
  await control({ resume: {} });
  await api.send('DELETE', `/v1/maintenance/${sessionId}`, { token: 'admin' });
  t.is(await lines.code, 3);
  t.is(await live.code, 3);
  t.regex(lines.err, /Session \S+ was deleted\./);
  t.deepEqual(wordsOf(lines), await api.history({ sessionId }));
  t.is(wordsOf(lines).length, 5);
});

test.serial('as an executable: its exit code, Ctrl-C in mid-watch, and a pipe that nobody reads', async (t) => {
  const api = await TestApi.start(t, sqlite);
  const { sessionId } = await api.session([]);
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  const env = { OS_TOKEN: 'admin', OS_MAINTENANCE_ENDPOINT_OVERRIDE: `${api.url}/v1` };
  const listing = new Program(t, 'client', ['session', 'list', '-f', 'json'], env);
  const watching = new Program(t, 'client', ['session', 'watch', sessionId], env);
  const unread = new Program(t, 'client', ['session', 'watch', sessionId], env);
  unread.closeOutput();
  const told = new Program(t, 'client', ['--version']);
  t.is(await listing.ended, 0, listing.stderr);
  t.like(JSON.parse(listing.stdout)[0], { session_id: sessionId });
  t.is(await told.ended, 0);
  t.is(told.stdout, `${version}\n`);
  await api.send('POST', `/v1/maintenance/${sessionId}/action`, { token: 'admin', body: { pause: {} } });
  await watching.says(/Z pause: /);
  watching.kill('SIGINT');
  t.is(await watching.ended, 130);
  t.is(watching.stderr, '');
  t.is(await unread.ended, 141);
  t.is(unread.stderr, '');
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
