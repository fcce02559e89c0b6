import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { allowedHosts, allowedHostsProblem } from '../../src/common/allowed-hosts.js';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError, Stopped } from '../../src/common/errors.js';
import { DownloadCache } from '../../src/downloads/cache.js';
import { type Brought, type DownloadSettings, Downloads, type Watcher } from '../../src/downloads/downloads.js';
import { Fetcher, type FetchSettings } from '../../src/downloads/fetcher.js';
import { downloadTarget } from '../../src/downloads/request.js';
import { type Packed, tarOf, tgzOf, type Zipped, zipOf } from '../support/archives.js';
import { CA_FILE, type FileServer, fileServer, type Served } from '../support/file-server.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';

const DIGEST = 'ab'.repeat(32);
const strict = {
  allowedHosts: allowedHosts([
    'files.example.org',
    '192.0.2.7',
    'alt.example.org:8443',
    '[2001:db8::7]',
    'bücher.example',
  ]),
  requireHttps: true,
  requireSha256: true,
};
const relaxed = { ...strict, requireHttps: false, requireSha256: false };

const ACCEPTED: readonly (readonly [url: string, fileName: string, archive: string | null])[] = [
  [`https://files.example.org/a/kernel.rpm#sha256=${DIGEST}`, 'kernel.rpm', null],
  [`https://FILES.example.org:443/a/kernel.rpm?v=2#sha256=${DIGEST.toUpperCase()}`, 'kernel.rpm', null],
  [`https://alt.example.org:8443/my-actions-1.0.TGZ#sha256=${DIGEST}`, 'my-actions-1.0.TGZ', 'tar.gz to actions'],
  [`https://files.example.org/workflow.zip#sha256=${DIGEST}`, 'workflow.zip', 'zip to workflow'],
  [`https://files.example.org/workflow-actions.tar#sha256=${DIGEST}`, 'workflow-actions.tar', 'tar to workflow'],
  [`https://files.example.org/actions.mjs#sha256=${DIGEST}`, 'actions.mjs', null],
  [`https://192.0.2.7/x#sha256=${DIGEST}`, 'x', null],
  [`https://0xc0000207/x#sha256=${DIGEST}`, 'x', null],
  [`https://[2001:DB8:0::7]/x#sha256=${DIGEST}`, 'x', null],
  [`https://xn--bcher-kva.example/x#sha256=${DIGEST}`, 'x', null],
  [`https://files.example.org/%2e%2e%2fetc%2fpass%20wd#sha256=${DIGEST}`, '_._etc_pass_wd', null],
  [`https://files.example.org/.profile#sha256=${DIGEST}`, '_profile', null],
  [`https://files.example.org/100%#sha256=${DIGEST}`, '100_', null],
  [`https://files.example.org/${'a'.repeat(500)}.img#sha256=${DIGEST}`, `${'a'.repeat(124)}.img`, null],
];
for (const [url, fileName, archive] of ACCEPTED) {
  test(`may be downloaded: ${url.slice(0, 80)}`, (t) => {
    const target = downloadTarget(url, strict);
    if ('refused' in target) return t.fail(target.refused);
    t.is(target.fileName, fileName);
    t.is(target.archive && `${target.archive.form} to ${target.archive.into}`, archive);
    t.is(target.sha256, DIGEST);
    t.is(target.url.hash, '');
  });
}

const REFUSED: readonly (readonly [url: string, why: RegExp])[] = [
  [`http://files.example.org/x#sha256=${DIGEST}`, /must begin with https:/],
  [`ftp://files.example.org/x#sha256=${DIGEST}`, /must be an absolute URL/],
  [`file:///etc/passwd#sha256=${DIGEST}`, /must be an absolute URL/],
  [`https:files.example.org/x#sha256=${DIGEST}`, /must be an absolute URL/],
  [`https:///files.example.org/x#sha256=${DIGEST}`, /must be an absolute URL/],
  [`https://files.example.org\\@evil.example/x#sha256=${DIGEST}`, /must be an absolute URL/],
  [`https://evil.example/x#sha256=${DIGEST}`, /is on evil\.example, which is not in download_allowed_hosts/],
  [`https://files.example.org.evil.example/x#sha256=${DIGEST}`, /is on files\.example\.org\.evil\.example/],
  [`https://files.example.org./x#sha256=${DIGEST}`, /not in download_allowed_hosts/],
  [`https://files.example.org@evil.example/x#sha256=${DIGEST}`, /no user/],
  [`https://user:secret@files.example.org/x#sha256=${DIGEST}`, /no user and no password/],
  [`https://files.example.org:8443/x#sha256=${DIGEST}`, /is on files\.example\.org:8443/],
  [`https://alt.example.org/x#sha256=${DIGEST}`, /is on alt\.example\.org/],
  [`https://192.0.2.8/x#sha256=${DIGEST}`, /is on 192\.0\.2\.8/],
  [`https://[::ffff:192.0.2.7]/x#sha256=${DIGEST}`, /not in download_allowed_hosts/],
  [`https://xn--bcher-kvaa.example/x#sha256=${DIGEST}`, /./],
  ['https://files.example.org/x', /must end in #sha256=/],
  ['https://files.example.org/x#sha256=abc', /no fragment but #sha256=/],
  ['https://files.example.org/x#md5=abc', /no fragment but #sha256=/],
  [`https://files.example.org/x/#sha256=${DIGEST}`, /must name a file/],
  [`https://files.example.org#sha256=${DIGEST}`, /must name a file/],
  [`https://files.example.org/workflow#sha256=${DIGEST}`, /as a directory is called/],
  [`https://files.example.org/actions.tar.xz#sha256=${DIGEST}`, /can be unpacked; \.tar, \.tar\.gz, \.tgz, \.zip can/],
  [`https://files.example.org/actions.7z#sha256=${DIGEST}`, /no archive that can be unpacked/],
];
for (const [url, why] of REFUSED) {
  test(`may not be downloaded: ${url.slice(0, 80)}`, (t) => {
    const target = downloadTarget(url, strict);
    t.true('refused' in target);
    if ('refused' in target) t.regex(target.refused, why);
  });
}

test('without allowed hosts nothing may be downloaded, and relaxed options allow http and no digest', (t) => {
  const off = downloadTarget('https://files.example.org/x', { ...relaxed, allowedHosts: allowedHosts([]) });
  t.regex('refused' in off ? off.refused : '', /download_allowed_hosts names no host/);
  t.like(downloadTarget('http://files.example.org/x', relaxed), { fileName: 'x', sha256: null });
  const other = downloadTarget('http://files.example.org:443/x', relaxed);
  t.regex('refused' in other ? other.refused : '', /not in download_allowed_hosts/);
});

test('what is no host in the list of allowed ones is named', (t) => {
  t.is(allowedHostsProblem(['a', 'b.example:80', '192.0.2.1:1', '[::1]', '[::1]:65535']), undefined);
  for (const bad of ['https://a', 'a/b', 'a:port', 'a:0', 'a:65536', 'u@a', '::1', '[nope]', '', 'a b']) {
    t.regex(allowedHostsProblem(['a', bad]) ?? '', /^a list of hosts/, bad);
  }
});

interface World {
  readonly root: string;
  readonly downloads: Downloads;
  readonly machine: ManualMachineClock;
  readonly server: FileServer;
  /** Brings these paths of the server, with their digests unless told otherwise. */
  bring(...urls: string[]): Promise<Brought>;
  /** A path in the session's directory. */
  at(path: string): string;
}

const holder = { sessionId: '00000000-0000-4000-8000-000000000001', epoch: 3 };

function aRoot(t: ExecutionContext): string {
  const root = mkdtempSync(join(tmpdir(), 'fenix-downloads-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

async function aWorld(
  t: ExecutionContext,
  files: Readonly<Record<string, Served>>,
  changes: Partial<DownloadSettings & FetchSettings> = {},
  tls = false,
): Promise<World> {
  const server = await fileServer(t, files, { tls });
  const root = join(aRoot(t), 'cache');
  const machine = new ManualMachineClock();
  const settings = {
    allowedHosts: allowedHosts([server.host]),
    requireHttps: false,
    requireSha256: false,
    maxBytes: 1024 * 1024,
    maxEntries: 20,
    timeoutS: 600,
    caFile: '',
    proxy: '',
    ...changes,
  };
  const downloads = new Downloads(settings, new Fetcher(settings, machine), new DownloadCache(root), machine);
  t.teardown(() => downloads.close());
  return {
    root,
    downloads,
    machine,
    server,
    bring: (...urls) =>
      downloads.bring(
        holder,
        urls.map((url) => ({ url, sha256: null })),
        new AbortController().signal,
      ),
    at: (path) => join(root, holder.sessionId, path),
  };
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const why = ({ failure }: Brought): string => failure?.message ?? 'it came';

/** Something that a server in the story lets it wait for. */
function aSignal(): { readonly raised: Promise<void>; raise(): void } {
  let raise = (): void => undefined;
  const raised = new Promise<void>((resolve) => {
    raise = resolve;
  });
  return { raised, raise: () => raise() };
}

/** Lets pauses between tries pass at once until `work` has ended. */
async function withoutPauses<T>(machine: ManualMachineClock, work: Promise<T>): Promise<T> {
  let ended = false;
  const done = work.finally(() => {
    ended = true;
  });
  while (!ended) {
    await new Promise((resolve) => setImmediate(resolve));
    const due = machine.nextDueMs();
    // A file's own time-out is the longest sleep there is.
    if (due !== undefined && due < 40_000) machine.advanceMs(due);
  }
  return done;
}

test('files come as they are, for nobody but their owner, under the name that the URL ends in', async (t) => {
  const image = Buffer.from('firmware');
  const world = await aWorld(t, { '/2.19/bios.img': image, '/notes?v=1': Buffer.from('read me') });
  const { fetched, failure } = await world.bring(world.server.urlOf('/2.19/bios.img'), `${world.server.url}/notes?v=1`);
  t.is(failure, undefined);
  t.deepEqual(
    fetched.map(({ bytes }) => bytes),
    [8, 7],
  );
  t.deepEqual(readFileSync(world.at('bios.img')), image);
  t.is(readFileSync(world.at('notes'), 'utf8'), 'read me');
  t.is(modeOf(world.at('bios.img')), '600');
  t.is(modeOf(world.at('')), '700');
  t.is(modeOf(world.root), '700');
});

test('what is not what its digest says fails, be it the URL’s or the one of the first time', async (t) => {
  const world = await aWorld(t, { '/x': Buffer.from('changed') });
  t.regex(
    why(await world.bring(`${world.server.url}/x#sha256=${DIGEST}`)),
    /\/x has the SHA-256 [0-9a-f]{64}, not abab/,
  );
  const again = await world.downloads.bring(
    holder,
    [{ url: world.server.urlOf('/x'), sha256: 'cd'.repeat(32) }],
    new AbortController().signal,
  );
  t.regex(why(again), /not cdcd/);
  t.is(world.server.asked.length, 2, 'asking again would not help');
  t.false(existsSync(world.at('')));
});

test('the engine refuses what it may not fetch itself, whatever the API let pass', async (t) => {
  const world = await aWorld(t, { '/x': Buffer.from('x') }, { allowedHosts: allowedHosts(['elsewhere.example']) });
  t.regex(why(await world.bring(world.server.urlOf('/x'))), /which is not in download_allowed_hosts/);
  t.deepEqual(world.server.asked, []);
});

test('a server that is out of its depth is asked again, when it says; what is missing is not', async (t) => {
  let tries = 0;
  const world = await aWorld(t, {
    '/late': (_request, answer) => {
      tries += 1;
      if (tries < 3) answer.writeHead(503, { 'Retry-After': '20' }).end();
      else answer.end('at last');
    },
  });
  t.is((await withoutPauses(world.machine, world.bring(`${world.server.url}/late`))).failure, undefined);
  t.is(tries, 3);
  t.is(world.machine.monotonicMs(), 40_000);
  t.regex(why(await world.bring(`${world.server.url}/missing`)), /\/missing answered 404\./);
  t.is(world.server.asked.filter((path) => path === '/missing').length, 1);
});

test('what breaks off is asked for again from its beginning, five times at most', async (t) => {
  let whole = false;
  const world = await aWorld(t, {
    '/x': (_request, answer) => {
      answer.writeHead(200, { 'Content-Length': 8 }).write('half');
      if (whole) answer.end('half');
      else setImmediate(() => answer.destroy());
    },
  });
  t.regex(
    why(await withoutPauses(world.machine, world.bring(`${world.server.url}/x`))),
    /\/x broke off after \d bytes/,
  );
  t.is(world.server.asked.length, 5);
  whole = true;
  t.is((await world.bring(`${world.server.url}/x`)).failure, undefined);
  t.is(readFileSync(world.at('x'), 'utf8'), 'halfhalf');
});

test('a slow download ends with its time', async (t) => {
  const asked = aSignal();
  const world = await aWorld(t, {
    '/slow': (_request, answer) => {
      answer.write('a');
      asked.raise();
    },
  });
  const coming = world.bring(`${world.server.url}/slow`);
  await asked.raised;
  world.machine.advanceMs(600_000);
  t.regex(why(await coming), /\/slow was not there within 600 s \(download_timeout\)/);
});

test('a download that is not wanted any more ends at once', async (t) => {
  const asked = aSignal();
  const world = await aWorld(t, { '/slow': () => asked.raise() });
  const stop = new AbortController();
  const coming = world.downloads.bring(holder, [{ url: `${world.server.url}/slow`, sha256: null }], stop.signal);
  await asked.raised;
  stop.abort();
  await t.throwsAsync(coming, { instanceOf: Stopped });
});

test('what is too large ends as soon as that is known', async (t) => {
  const world = await aWorld(
    t,
    {
      '/told': (_request, answer) => answer.writeHead(200, { 'Content-Length': 1001 }).write('x'),
      '/untold': (_request, answer) => {
        answer.writeHead(200);
        for (let piece = 0; piece < 3; piece += 1) answer.write(Buffer.alloc(600));
      },
    },
    { maxBytes: 1000 },
  );
  for (const path of ['/told', '/untold']) {
    t.regex(why(await world.bring(world.server.url + path)), /has more than 1000 bytes \(download_max_size\)/);
  }
  t.is(world.server.asked.length, 2);
});

test('a file system that takes nothing is named, and the server asked no more', async (t) => {
  const world = await aWorld(t, {
    '/x': (_request, answer) => {
      rmSync(world.root, { recursive: true });
      answer.end('x');
    },
  });
  t.regex(why(await world.bring(`${world.server.url}/x`)), /The files cannot be written: ENOENT/);
  t.is(world.server.asked.length, 1);
  writeFileSync(world.root, 'in the way');
  t.regex(why(await world.bring(`${world.server.url}/x`)), /The files cannot be written: E(EXIST|NOTDIR)/);
  t.is(world.server.asked.length, 1);
});

test('redirects are followed on the same host, and only to what could be asked for itself', async (t) => {
  const to =
    (location: string): Served =>
    (_request, answer) =>
      answer.writeHead(302, { Location: location }).end();
  const elsewhere = await fileServer(t, { '/x': Buffer.from('stolen') });
  const world = await aWorld(t, {
    '/moved': to('/x'),
    '/x': Buffer.from('x'),
    '/away': to(`${elsewhere.url.replace('localhost', '127.0.0.1')}/x`),
    '/port': to(`${elsewhere.url}/x`),
    '/file': to('file:///etc/passwd'),
    '/user': to('//user:word@localhost/x'),
    '/round': to('/round'),
    '/nowhere': to('http://['),
  });
  t.is((await world.bring(`${world.server.url}/moved`)).failure, undefined);
  t.is(readFileSync(world.at('moved'), 'utf8'), 'x');
  const refused: readonly (readonly [string, RegExp])[] = [
    ['/away', /leads to another host/],
    ['/port', /is on localhost:\d+, which is not in download_allowed_hosts/],
    ['/file', /leads to another host/],
    ['/user', /no user and no password/],
    ['/round', /from one address to the next/],
    ['/nowhere', /leads nowhere/],
  ];
  for (const [path, reason] of refused) t.regex(why(await world.bring(world.server.url + path)), reason, path);
  t.deepEqual(elsewhere.asked, []);
});

test('a server of https is known by the authority that is configured, and by no other', async (t) => {
  const known = await aWorld(t, { '/x': Buffer.from('x') }, { caFile: CA_FILE, requireHttps: true }, true);
  t.is((await known.bring(known.server.urlOf('/x'))).failure, undefined);
  const unknown = await aWorld(t, { '/x': Buffer.from('x') }, {}, true);
  const brought = await withoutPauses(unknown.machine, unknown.bring(unknown.server.urlOf('/x')));
  t.regex(why(brought), /cannot be reached: .*certificate/);
  t.deepEqual(unknown.server.asked, []);
  const missing = { ...strict, maxBytes: 1, caFile: '/nowhere.pem', proxy: '' };
  t.throws(() => new Fetcher(missing, new SystemMachineClock()), {
    code: 'config-invalid',
    message: /download_cafile/,
  });
});

test('a proxy is used where one is configured, and never because the environment names one', async (t) => {
  const proxy = await aProxy(t);
  t.teardown(() => {
    for (const name of ['http_proxy', 'https_proxy']) delete process.env[name];
  });
  for (const name of ['http_proxy', 'https_proxy']) process.env[name] = proxy.url;
  for (const tls of [false, true]) {
    const direct = await aWorld(t, { '/x': Buffer.from('x') }, { caFile: CA_FILE }, tls);
    t.is((await direct.bring(direct.server.urlOf('/x'))).failure, undefined);
    t.deepEqual(proxy.tunnels.splice(0), []);
    const url = proxy.url.replace('//', '//user:w%40rd@');
    const through = await aWorld(t, { '/x': Buffer.from('x') }, { caFile: CA_FILE, proxy: url }, tls);
    t.is(why(await through.bring(through.server.urlOf('/x'))), 'it came');
    t.deepEqual(proxy.tunnels.splice(0), [
      `${through.server.host} Basic ${Buffer.from('user:w@rd').toString('base64')}`,
    ]);
  }
});

test('a proxy that opens no tunnel is named, be it that it says no or hangs up', async (t) => {
  for (const answer of ['HTTP/1.1 403 No\r\n\r\n', '']) {
    const proxy = await aProxy(t, answer);
    const world = await aWorld(t, { '/x': Buffer.from('x') }, { proxy: proxy.url });
    const brought = await withoutPauses(world.machine, world.bring(world.server.urlOf('/x')));
    t.regex(
      why(brought),
      answer === '' ? /proxy localhost:\d+: socket hang up/ : /proxy localhost:\d+: it answered 403/,
    );
    t.is(proxy.tunnels.length, 5);
    t.deepEqual(world.server.asked, []);
  }
});

/** @param refusal what it answers instead of opening tunnels, before it hangs up */
async function aProxy(t: ExecutionContext, refusal?: string) {
  const tunnels: string[] = [];
  const server = createServer();
  const sockets = new Set<{ destroy(): unknown }>();
  server.on('connect', ({ url = '', headers }: IncomingMessage, socket: Socket) => {
    tunnels.push([url, headers['proxy-authorization']].filter(Boolean).join(' '));
    sockets.add(socket);
    if (refusal !== undefined) return void socket.end(refusal);
    const [host = '', port] = url.split(':');
    const there = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(there).pipe(socket);
    });
    sockets.add(there);
    socket.on('error', () => there.destroy());
    there.on('error', () => socket.destroy());
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { url: `http://localhost:${(server.address() as AddressInfo).port}`, tunnels };
}

const tree: Packed[] = [
  { name: './', type: '5' },
  { name: './kernel.mjs', content: 'export default 1;' },
  { name: './lib/', type: '5' },
  { name: './lib/deep/er/help.mjs', content: 'export const a = 1;' },
  { name: './bin/flash', content: '#!/bin/sh\n', mode: 0o755 },
];
const zipped = tree
  .filter(({ type }) => type !== '5')
  .map(({ name, content = '', mode }) => ({ name: name.slice(2), content, mode: 0o100000 | (mode ?? 0o644) }));

test('archives of plug-ins are unpacked with their hierarchy, others stay as they are', async (t) => {
  const forms = { 'actions.tar': tarOf(...tree), 'actions.tar.gz': tgzOf(...tree), 'actions.zip': zipOf(...zipped) };
  for (const [name, archive] of Object.entries(forms)) {
    const world = await aWorld(t, { [`/${name}`]: archive, '/data.tgz': Buffer.from('as it is') });
    t.is(why(await world.bring(world.server.urlOf(`/${name}`), world.server.urlOf('/data.tgz'))), 'it came', name);
    t.deepEqual(readdirSync(world.at('')).sort(), ['actions', 'data.tgz'], name);
    t.is(readFileSync(world.at('actions/kernel.mjs'), 'utf8'), 'export default 1;');
    t.is(readFileSync(world.at('actions/lib/deep/er/help.mjs'), 'utf8'), 'export const a = 1;');
    t.deepEqual(
      ['actions', 'actions/lib/deep', 'actions/kernel.mjs', 'actions/bin/flash'].map((path) => modeOf(world.at(path))),
      ['700', '700', '600', '700'],
    );
  }
});

test('several archives share a directory as long as no file is in two of them', async (t) => {
  const [one, two] = [tarOf({ name: 'a.mjs', content: 'a' }), zipOf({ name: 'b.mjs', content: 'b' })];
  const world = await aWorld(t, { '/actions-1.tar': one, '/actions-2.zip': two, '/actions-3.tar': one });
  const [first = '', second = '', third = ''] = ['/actions-1.tar', '/actions-2.zip', '/actions-3.tar'].map(
    world.server.urlOf,
  );
  t.is((await world.bring(first, second)).failure, undefined);
  t.deepEqual(readdirSync(world.at('actions')).sort(), ['a.mjs', 'b.mjs']);
  t.regex(why(await world.bring(first, third)), /actions-3\.tar holds "a\.mjs", which is there already/);
});

const file = (name: string, more: Partial<Packed> = {}): Packed => ({ name, content: 'x', ...more });
const zipFile = (name: string, more: Partial<Zipped> = {}): Zipped => ({ name, content: 'x', ...more });
const zeros = Buffer.alloc(900 * 1024);

const HOSTILE: readonly (readonly [what: string, name: string, archive: Buffer, why: RegExp])[] = [
  ['an absolute path', 'tar', tarOf(file('/etc/cron.d/x')), /holds "\/etc\/cron\.d\/x": paths are relative/],
  ['a path that leads upwards', 'tar', tarOf(file('a/../../x')), /paths do not lead upwards/],
  ['a directory that leads upwards', 'tar', tarOf(file('../', { type: '5' })), /paths do not lead upwards/],
  ['a symbolic link', 'tar', tarOf(file('l', { type: '2', linkTo: '/etc' }), file('l/x')), /holds "l", a link/],
  ['a hard link', 'tar', tarOf(file('l', { type: '1', linkTo: '/etc/passwd' })), /holds "l", a link/],
  ['a character device', 'tar', tarOf(file('d', { type: '3' })), /holds "d", no file/],
  ['a FIFO', 'tar', tarOf(file('f', { type: '6' })), /holds "f", no file/],
  ['a file twice', 'tar', tarOf(file('a'), file('./a')), /holds "a" twice/],
  ['a file that is a directory as well', 'tar', tarOf(file('a'), file('a/b')), /both as a file and as a directory/],
  ['a name with a backslash', 'tar', tarOf(file('a\\b')), /neither control characters nor backslashes/],
  ['a name with a line feed', 'tar', tarOf(file('a\nb')), /neither control characters nor backslashes/],
  ['a path of Windows', 'tar', tarOf(file('C:/x')), /paths are relative/],
  ['a path without end', 'tar', tarOf(file(`${'a/'.repeat(40)}x`)), /the path is too long/],
  [
    'more entries than are allowed',
    'tar',
    tarOf(...Array.from({ length: 21 }, (_, i) => file(`${i}`))),
    /more than 20 entries/,
  ],
  [
    'more bytes than are allowed',
    'tar.gz',
    tgzOf(...[1, 2].map((i) => file(`${i}`, { content: zeros }))),
    /more than 1048576 bytes/,
  ],
  ['an archive that is cut', 'tar', tarOf(file('a', { content: zeros })).subarray(0, 2000), /cannot be read/],
  ['a compressed archive that is cut', 'tgz', tgzOf(file('a', { content: 'text' })).subarray(0, -12), /cannot be read/],
  ['a compressed archive that is none', 'tgz', Buffer.from('<html>not here</html>'), /cannot be read/],
  ['an archive that is none', 'tar', Buffer.alloc(2048, 'x'), /cannot be read/],
  ['a size that is not there', 'tar', tarOf(file('a', { size: 1_000_000 })), /cannot be read/],
  ['an absolute path', 'zip', zipOf(zipFile('/x')), /paths are relative|absolute path/],
  ['a path that leads upwards', 'zip', zipOf(zipFile('../x')), /paths do not lead upwards|invalid relative path/],
  ['a backslash', 'zip', zipOf(zipFile('a\\..\\x')), /backslashes|invalid characters/],
  ['a symbolic link', 'zip', zipOf(zipFile('l', { mode: 0o120777, content: '/etc' })), /holds "l", a link/],
  ['a device', 'zip', zipOf(zipFile('d', { mode: 0o020666 })), /holds "d", no file/],
  ['a file twice', 'zip', zipOf(zipFile('a'), zipFile('a')), /holds "a" twice/],
  ['an encrypted file', 'zip', zipOf(zipFile('a', { flags: 1 })), /holds "a", which is encrypted/],
  ['a size that is not true', 'zip', zipOf(zipFile('a', { content: 'long enough', size: 3 })), /cannot be read/],
  [
    'more entries than are allowed',
    'zip',
    zipOf(...Array.from({ length: 21 }, (_, i) => zipFile(`${i}`))),
    /more than 20/,
  ],
  [
    'more bytes than are allowed',
    'zip',
    zipOf(...[1, 2].map((i) => zipFile(`${i}`, { content: zeros }))),
    /more than 1048576 bytes/,
  ],
  ['an archive that is cut', 'zip', zipOf(zipFile('a')).subarray(0, -30), /cannot be read/],
];
for (const [what, form, archive, reason] of HOSTILE) {
  test(`an archive with ${what} is refused whole (${form})`, async (t) => {
    const world = await aWorld(t, { [`/actions.${form}`]: archive });
    const brought = await world.bring(world.server.urlOf(`/actions.${form}`));
    t.regex(why(brought), reason);
    t.true(brought.failure instanceof FenixError && !brought.failure.retryable);
    t.false(existsSync(world.at('')), 'nothing of it is at the session’s place');
    t.deepEqual(readdirSync(join(world.root, '..')), ['cache'], 'nothing was written elsewhere');
  });
}

test('padding without an end, and directories without number, are as bad as what they pretend to be', async (t) => {
  const one = tarOf(file('a', { content: 'small' }));
  const endless = gzipSync(Buffer.concat([one.subarray(0, -1024), Buffer.alloc(40 * 1024 * 1024)]));
  const deep = tgzOf(...['a', 'b'].map((name) => file(`${name}${'/d'.repeat(15)}/x`, { content: '' })));
  const files = { '/padded-actions.tgz': endless, '/deep-actions.tgz': deep };
  const world = await aWorld(t, files, { maxBytes: 1024 ** 3 });
  t.regex(why(await world.bring(world.server.urlOf('/padded-actions.tgz'))), /grows to more than 200 times its size/);
  t.regex(why(await world.bring(world.server.urlOf('/deep-actions.tgz'))), /has more than 20 entries/);
});

/** Its length is not known before its end. */
const inPieces: Served = (_request, answer) => {
  answer.write('b');
  answer.end();
};

test('who follows the files hears how far they are, and may let none begin', async (t) => {
  const world = await aWorld(t, { '/a': Buffer.alloc(300_000), '/b': inPieces });
  const wanted = ['/a', '/b'].map((path) => ({ url: world.server.url + path, sha256: null }));
  const heard: unknown[] = [];
  const last = new Map<number, unknown>();
  let mayBegin = true;
  const watcher: Watcher = {
    before: async () => {
      if (!mayBegin) throw new Stopped();
    },
    came: (index, bytes, total) => void last.set(index, [bytes, total]),
    done: async (index, { bytes }) => void heard.push([index, bytes]),
  };
  const { signal } = new AbortController();
  t.is((await world.downloads.bring(holder, wanted, signal, watcher)).failure, undefined);
  t.deepEqual(heard, [
    [0, 300_000],
    [1, 1],
  ]);
  t.deepEqual(
    [...last],
    [
      [0, [300_000, 300_000]],
      [1, [1, null]],
    ],
  );
  mayBegin = false;
  await t.throwsAsync(world.downloads.bring(holder, wanted, signal, watcher), { instanceOf: Stopped });
});

test('what grows out of all proportion is refused, though it is within the limit', async (t) => {
  const bomb = tgzOf(file('a', { content: Buffer.alloc(40 * 1024 * 1024) }));
  const world = await aWorld(t, { '/actions.tgz': bomb }, { maxBytes: 1024 ** 3 });
  t.true(bomb.length * 200 < 40 * 1024 * 1024);
  t.regex(why(await world.bring(world.server.urlOf('/actions.tgz'))), /grows to more than 200 times its size/);
});

test('each owner has files of its own, and takes away no others', async (t) => {
  const world = await aWorld(t, { '/x': Buffer.from('x') });
  const { downloads, root, server } = world;
  const wanted = [{ url: server.urlOf('/x'), sha256: null }];
  const next = { ...holder, epoch: 4 };
  for (const each of [holder, next]) await downloads.bring(each, wanted, new AbortController().signal);
  await downloads.remove(holder);
  t.is(readFileSync(world.at('x'), 'utf8'), 'x');
  await downloads.remove(next);
  t.deepEqual(readdirSync(root), []);
});

test('sweeping takes away what is ours and held by nobody, and nothing else', async (t) => {
  const root = aRoot(t);
  const [one, two] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
  for (const name of [`.fenix-${one}-1`, `.fenix-${one}-2`, `.fenix-${two}-7`, '.fenix-other', two])
    mkdirSync(join(root, name));
  symlinkSync(`.fenix-${one}-2`, join(root, one));
  writeFileSync(join(root, '.fenix-x'), 'not ours');
  const machine = new ManualMachineClock();
  const settings = { ...strict, maxBytes: 1, maxEntries: 1, timeoutS: 1, caFile: '', proxy: '' };
  const downloads = new Downloads(settings, new Fetcher(settings, machine), new DownloadCache(root), machine);
  t.teardown(() => downloads.close());
  await downloads.sweep(async ({ sessionId, epoch }) => sessionId === one && epoch === 2);
  t.deepEqual(readdirSync(root).sort(), [`.fenix-${one}-2`, '.fenix-other', '.fenix-x', one, two].sort());
  await downloads.sweep(async () => false);
  t.deepEqual(readdirSync(root).sort(), ['.fenix-other', '.fenix-x', two].sort());
});
