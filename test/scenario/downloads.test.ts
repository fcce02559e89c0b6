import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { NewSession } from '../../src/client/index.js';
import { Repositories } from '../../src/db/repositories.js';
import { freezeAll, thawAll } from '../../src/engine/freeze.js';
import { type Packed, tgzOf, zipOf } from '../support/archives.js';
import { type FileServer, fileServer, type Served } from '../support/file-server.js';
import { Scenario } from '../support/scenario.js';

/** An action that tells what it did, with a file that came along and a module that it shares. */
const WORK: Packed[] = [
  {
    name: 'actions/work.mjs',
    content: `
import { appendFileSync, readFileSync } from 'node:fs';
import { words } from '../lib/words.mjs';
const tell = ({ metadata, host, files }, what) =>
  appendFileSync(metadata.log, [host, what, readFileSync(files + '/data.txt', 'utf8'), words].join(' ') + '\\n');
export default {
  name: 'work',
  version: '1.2',
  types: ['host', 'compute'],
  metadataSchema: { type: 'object', required: ['log'], properties: { rest: { type: 'integer' } } },
  async run(context) {
    tell(context, 'run');
    const { clock, metadata, signal } = context;
    await clock.sleep(new Date(clock.now().getTime() + (metadata.rest ?? 0) * 1000), signal);
    return metadata.fails ? 'FAILED' : 'DONE';
  },
  async undo(context) {
    tell(context, 'undo');
    return 'DONE';
  },
};`,
  },
  { name: 'lib/words.mjs', content: "export const words = 'as one';" },
];

/** A workflow of its own name that does what the shipped one does, and no host at all is emptied. */
const SIMPLE = `
const to = (state, why) => ({ to: state, why });
export default {
  name: 'simple',
  version: '3',
  style: 'default',
  states: {
    MAINTENANCE: () => to('START_MAINTENANCE', 'nobody is asked'),
    SCALE_IN: () => to('START_MAINTENANCE', ''),
    PREPARE_MAINTENANCE: () => to('START_MAINTENANCE', ''),
    START_MAINTENANCE: () => to('MAINTENANCE_COMPLETE', 'nothing is done'),
    PLANNED_MAINTENANCE: () => to('START_MAINTENANCE', ''),
    MAINTENANCE_COMPLETE: () => to('MAINTENANCE_DONE', 'that is all'),
  },
};`;

interface Story {
  readonly scenario: Scenario;
  readonly server: FileServer;
  readonly cache: string;
  /** What `work` told, line by line. */
  told(): string[];
  /** A session with `work` on each host, from `/actions.tgz` and `/data.txt` unless said otherwise. */
  create(overrides?: Partial<NewSession>, metadata?: object): Promise<string>;
}

async function story(
  t: ExecutionContext,
  files: Readonly<Record<string, Served>> = {},
  options: object = {},
  isolation: 'none' | 'third-party' = 'none',
): Promise<Story> {
  const place = mkdtempSync(join(tmpdir(), 'fenix-downloads-'));
  t.teardown(() => rmSync(place, { recursive: true }));
  const there = { '/actions.tgz': tgzOf(...WORK), '/data.txt': Buffer.from('told'), ...files };
  const server = await fileServer(t, there);
  const cache = join(place, 'cache');
  const allowed = { download_allowed_hosts: server.host, download_require_https: false, local_cache_dir: cache };
  const scenario = await Scenario.start(t, {
    options: { DEFAULT: { ...allowed, ...options }, plugins: { isolation } },
  });
  await scenario.system.startEngine();
  const log = join(place, 'log');
  return {
    scenario,
    server,
    cache,
    told: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
    create: (overrides, metadata) =>
      scenario.create({
        actions: [{ plugin: 'work', type: 'host', metadata: { log, ...metadata } }],
        ...overrides,
        download: overrides?.download ?? [server.urlOf('/actions.tgz'), server.urlOf('/data.txt')],
      }),
  };
}

const leftIn = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : []);

test.serial(
  'a downloaded action runs on each host with the files that came along, and all goes with the session',
  async (t) => {
    const { scenario, server, cache, told, create } = await story(t);
    const id = await create();
    await scenario.until(() => told().length > 0);
    t.deepEqual(readdirSync(join(cache, id)).sort(), ['actions', 'data.txt']);
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE');
    t.deepEqual(
      told().sort(),
      ['compute-1', 'compute-2', 'compute-3'].map((host) => `${host} run told as one`),
    );
    t.deepEqual(
      detail.download.map(({ url, state, sha256 }) => [url, state, url.endsWith(`#sha256=${sha256}`)]),
      ['/actions.tgz', '/data.txt'].map((path) => [server.urlOf(path), 'done', true]),
    );
    const [line] = (await scenario.history(id)).filter(({ what }) => what === 'downloaded');
    t.deepEqual(line?.details.plugins, ['action work 1.2']);
    t.deepEqual(leftIn(cache), []);
    t.deepEqual(server.asked, ['/actions.tgz', '/data.txt']);
  },
);

test.serial('a downloaded workflow carries the session', async (t) => {
  const { scenario, server, create } = await story(t, {
    '/simple-workflow.zip': zipOf({ name: 'simple.mjs', content: SIMPLE }),
  });
  const id = await create({ workflow: 'simple', actions: [], download: [server.urlOf('/simple-workflow.zip')] });
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.is(detail.workflow, 'simple');
  t.is(scenario.system.simulator.log.of('move-begun').length, 0);
});

/** Answers that it is busy, for a minute each, that many times. */
function busyAtFirst(times: number, content: string): Served {
  let left = times;
  return (_request, answer) => {
    left -= 1;
    if (left < 0) answer.end(content);
    else answer.writeHead(503, { 'Retry-After': '60' }).end();
  };
}

const UNCHECKED = { download_require_sha256: false };

test.serial(
  'projects are told of nothing before the downloads are there, and the session says what it waits for',
  async (t) => {
    const { scenario, server, create } = await story(t, { '/late': busyAtFirst(3, 'at last') }, UNCHECKED);
    const { client } = scenario.system;
    const id = await create({
      download: [server.urlOf('/actions.tgz'), server.urlOf('/data.txt'), `${server.url}/late`],
    });
    await scenario.until(() => server.asked.filter((path) => path === '/late').length === 3);
    const waiting = await client.detail(id);
    t.is(waiting.state, 'MAINTENANCE');
    t.like(waiting.waiting, { for: 'download', message: 'Waiting for the downloads to come.' });
    t.deepEqual([waiting.projects, waiting.hosts], [[], []]);
    await client.control(id, { pause: {} });
    await scenario.advance(600);
    const paused = await client.detail(id);
    t.deepEqual([paused.state, paused.projects], ['MAINTENANCE', []]);
    t.true(
      paused.download.every(({ state }) => state === 'done'),
      'what was begun before the pause has ended',
    );
    await client.control(id, { resume: {} });
    t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
  },
);

test.serial('while everything is frozen no file is asked for; thawed, all come', async (t) => {
  const { scenario, server, create } = await story(t, { '/late': busyAtFirst(2, 'at last') }, UNCHECKED);
  const { client, database, engine } = scenario.system;
  const repositories = new Repositories(database);
  const id = await create({
    download: [server.urlOf('/actions.tgz'), `${server.url}/late`, server.urlOf('/data.txt')],
  });
  await scenario.until(() => server.asked.at(-1) === '/late');
  await freezeAll(repositories, { who: 'operator', since: scenario.clock.now(), why: null });
  const asked = server.asked.length;
  await scenario.advance(900);
  t.is(server.asked.length, asked);
  t.like((await client.detail(id)).waiting, { for: 'frozen' });
  const second = await create();
  await scenario.advance(120);
  t.is(server.asked.length, asked, 'nor for what comes meanwhile');
  await thawAll(repositories, 'operator', scenario.clock.now());
  for (const one of [id, second]) engine?.wake(one);
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(
    detail.download.map(({ state, percent }) => [state, percent]),
    Array(3).fill(['done', 100]),
  );
  const came = (await scenario.history(id)).filter(({ what }) => what === 'file-downloaded');
  t.deepEqual(
    came.slice(-3).map(({ details }) => [details.url, details.bytes]),
    detail.download.map(({ url }) => [url, sizeOf(url)]),
  );

  function sizeOf(url: string): number {
    const served = server.files.get(new URL(url).pathname);
    return Buffer.isBuffer(served) ? served.length : 'at last'.length;
  }
});

test.serial(
  'what cannot be downloaded fails the session before anybody is told, and continuing tries again',
  async (t) => {
    const { scenario, server, cache, told, create } = await story(t);
    const archive = server.files.get('/actions.tgz') as Buffer;
    const wanted = server.urlOf('/actions.tgz');
    server.files.delete('/actions.tgz');
    const id = await create({ download: [server.urlOf('/data.txt'), wanted] });
    const failed = await scenario.finish(id);
    t.is(failed.state, 'MAINTENANCE_FAILED');
    t.like(failed.reason, { code: 'download-failed' });
    t.regex(failed.reason?.message ?? '', /\/actions\.tgz answered 404/);
    t.deepEqual(
      failed.download.map(({ state }) => state),
      ['done', 'failed'],
    );
    t.deepEqual(failed.projects, []);
    t.deepEqual(leftIn(cache), []);
    server.files.set('/actions.tgz', archive);
    await scenario.system.client.resumeFailed(id);
    t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
    t.is(told().length, 3);
  },
);

const WRONG: readonly (readonly [
  what: string,
  overrides: (server: FileServer) => Partial<NewSession>,
  code: string,
  why: RegExp,
])[] = [
  [
    'a plug-in that did not come',
    () => ({ actions: [{ plugin: 'other', type: 'host' }] }),
    'unknown-action',
    /Neither an engine nor what was downloaded has the action plug-in "other"; there are: .*work/,
  ],
  [
    'a workflow that did not come',
    () => ({ workflow: 'other' }),
    'unknown-workflow',
    /has the workflow plug-in "other"; there are: default, vnf/,
  ],
  [
    'metadata that the plug-in does not take',
    () => ({ actions: [{ plugin: 'work', type: 'host', metadata: { log: '', rest: 'long' } }] }),
    'bad-metadata',
    /Action work: metadata rest must be integer/,
  ],
  [
    'a type that the plug-in does not serve',
    () => ({ actions: [{ plugin: 'work', type: 'pre', metadata: { log: '' } }] }),
    'action-type',
    /work, as downloaded, does not serve type pre/,
  ],
  [
    'a module that is no plug-in',
    (server) => ({ download: [server.urlOf('/broken-actions.zip')] }),
    'plug-in-invalid',
    /broken\.mjs: version must be/,
  ],
];
for (const [what, overrides, code, why] of WRONG) {
  test.serial(`${what} fails the session before anybody is told`, async (t) => {
    const broken = zipOf({ name: 'broken.mjs', content: "export default { name: 'work' };" });
    const { scenario, server, create } = await story(t, { '/broken-actions.zip': broken });
    const detail = await scenario.finish(await create(overrides(server)));
    t.is(detail.reason?.code, code);
    t.regex(detail.reason?.message ?? '', why);
    t.deepEqual(detail.projects, []);
  });
}

test.serial('a shipped plug-in is not replaced by a downloaded one of its name', async (t) => {
  const noop = zipOf({
    name: 'noop.mjs',
    content: "export default { name: 'noop', version: '9', run: async () => 'FAILED' };",
  });
  const { scenario, server, create } = await story(t, { '/my-actions.zip': noop });
  const actions = [{ plugin: 'noop', type: 'host' as const }];
  const detail = await scenario.finish(await create({ actions, download: [server.urlOf('/my-actions.zip')] }));
  t.is(detail.state, 'MAINTENANCE_DONE');
});

test.serial('an engine that takes over downloads again and goes on with the run that was begun', async (t) => {
  const { scenario, server, told, create } = await story(t, {}, UNCHECKED);
  const id = await create({ download: [`${server.url}/actions.tgz`, `${server.url}/data.txt`] }, { rest: 100 });
  await scenario.until(() => told().length > 0);
  const { system } = scenario;
  const first = system.engine;
  await system.startEngine();
  await system.stopEngine(first);
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE');
  t.is(told().filter((line) => line === told()[0]).length, 2, 'the run that was broken off is run again');
  t.is(server.asked.length, 4);
  t.deepEqual(
    detail.action_plugin_instances.map(({ state }) => state),
    ['DONE', 'DONE', 'DONE'],
  );
});

test.serial(
  'an engine that takes over and gets something else fails the session, which goes on once it is as it was',
  async (t) => {
    const { scenario, server, told, create } = await story(t, {}, UNCHECKED);
    const data = server.files.get('/data.txt') as Buffer;
    const id = await create({ download: [`${server.url}/actions.tgz`, `${server.url}/data.txt`] }, { rest: 100 });
    await scenario.until(() => told().length > 0);
    const { system } = scenario;
    server.files.set('/data.txt', Buffer.from('changed'));
    await system.stopEngine();
    await system.startEngine();
    const failed = await scenario.finish(id);
    t.like(failed.reason, { code: 'download-failed' });
    t.regex(failed.reason?.message ?? '', /\/data\.txt has the SHA-256/);
    t.is(failed.hosts.filter(({ disabled }) => disabled).length, 1, 'nobody knows how far its action came');
    server.files.set('/data.txt', data);
    await system.client.resumeFailed(id);
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.true([...system.simulator.cloud.hosts.values()].every(({ enabled }) => enabled));
  },
);

test.serial('what a downloaded plug-in did is undone by the engine that took the session over', async (t) => {
  const { scenario, told, create } = await story(t);
  const id = await create({}, { fails: true });
  await scenario.until(async () => (await scenario.system.client.show(id)).state === 'MAINTENANCE_FAILED');
  await scenario.system.stopEngine();
  await scenario.system.client.control(id, { abort: {} });
  await scenario.system.startEngine();
  const detail = await scenario.finish(id);
  t.is(detail.reason?.code, 'aborted');
  t.is(told().filter((line) => line.includes(' undo ')).length, 1);
  t.true(detail.hosts.every(({ disabled }) => !disabled));
});

test.serial('an abort does not wait for what can no longer be downloaded, and leaves the host disabled', async (t) => {
  const { scenario, server, told, create } = await story(t);
  const id = await create({}, { fails: true });
  await scenario.until(async () => (await scenario.system.client.show(id)).state === 'MAINTENANCE_FAILED');
  await scenario.system.stopEngine();
  server.files.clear();
  await scenario.system.client.control(id, { abort: {} });
  await scenario.system.startEngine();
  const detail = await scenario.finish(id);
  t.is(detail.reason?.code, 'aborted');
  t.is(told().filter((line) => line.includes(' undo ')).length, 0);
  t.is(detail.hosts.filter(({ disabled }) => disabled).length, 1);
});

test.serial('a session that is deleted before its downloads came ends at once, and its directory goes', async (t) => {
  const { scenario, server, cache, create } = await story(t, { '/busy': busyAtFirst(99, '') }, UNCHECKED);
  const id = await create({ download: [server.urlOf('/data.txt'), `${server.url}/busy`], actions: [] });
  await scenario.until(() => server.asked.includes('/busy'));
  t.is(leftIn(cache).length, 1);
  await scenario.system.client.remove(id);
  await scenario.until(async () => (await scenario.history(id)).at(-1)?.what === 'closed');
  await scenario.advance(1);
  t.deepEqual(leftIn(cache), []);
  t.true(server.asked.length < 5);
});

test.serial(
  'an archive that was mended on its server is what a continued session uses, module by module',
  async (t) => {
    const [plugIn, words] = WORK as [Packed, Packed];
    const broken = { ...words, content: 'export const other = 1;' };
    const { scenario, server, told, create } = await story(t, { '/actions.tgz': tgzOf(plugIn, broken) }, UNCHECKED);
    const id = await create({ download: [`${server.url}/actions.tgz`, `${server.url}/data.txt`] });
    const failed = await scenario.finish(id);
    t.like(failed.reason, { code: 'plug-in-invalid' });
    t.regex(failed.reason?.message ?? '', /does not provide an export named 'words'/);
    server.files.set('/actions.tgz', tgzOf(plugIn, words));
    await scenario.system.client.resumeFailed(id);
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', detail.reason?.message);
    t.is(told().length, 3);
  },
);

test.serial('an engine takes away at its start what was left here of sessions that are gone', async (t) => {
  const { scenario, cache, told, create } = await story(t);
  const id = await create({}, { rest: 100 });
  await scenario.until(() => told().length > 0);
  const held = readdirSync(cache).sort();
  mkdirSync(join(cache, '.fenix-00000000-0000-4000-8000-000000000001-4'));
  mkdirSync(join(cache, `.fenix-${id}-0`));
  mkdirSync(join(cache, 'of somebody else'));
  await scenario.system.startEngine();
  t.deepEqual(readdirSync(cache).sort(), [...held, 'of somebody else'].sort());
  t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
});

test.serial(
  'downloaded actions run in processes of their own: one that would end its process ends nothing but its run',
  async (t) => {
    const code = "export default { name: 'rude', version: '1', run: async () => process.exit(1) };";
    const rude = zipOf({ name: 'rude.mjs', content: code });
    const { scenario, server, told, create } = await story(t, { '/rude-actions.zip': rude }, {}, 'third-party');
    t.is((await scenario.finish(await create())).state, 'MAINTENANCE_DONE');
    t.is(told().length, 3);
    const actions = [{ plugin: 'rude', type: 'host' as const }];
    const detail = await scenario.finish(await create({ actions, download: [server.urlOf('/rude-actions.zip')] }));
    t.like(detail.reason, { code: 'plugin-failed', plugin: 'rude' });
  },
);
