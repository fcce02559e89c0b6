import 'reflect-metadata';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { startEmbedded } from '../../src/cmd/demo/embedded-demo.js';
import { silentLogger } from '../../src/common/logger.js';
import { SECTIONS } from '../../src/config/sections/index.js';
import type { Topology } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Folders that hold no pages of ours. */
const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', '.git']);
/** Sections of other services' files that pages name. */
const FOREIGN_SECTIONS = new Set(['notification', 'scheduler']);

interface Block {
  readonly language: string;
  /** What follows the language, as in `json message`. */
  readonly tag: string;
  readonly text: string;
}

interface Page {
  /** Relative to the project. */
  readonly path: string;
  /** Without its blocks of code. */
  readonly prose: string;
  readonly blocks: readonly Block[];
  /** As links name them. */
  readonly anchors: ReadonlySet<string>;
}

function pathsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : pathsBelow(path);
    return entry.name.endsWith('.md') ? [relative(root, path)] : [];
  });
}

function pageAt(path: string): Page {
  const blocks: Block[] = [];
  const fence = /^( *)```(\S*)(?: +(\S+))?\n([\s\S]*?)^ *```$/gm;
  const prose = readFileSync(join(root, path), 'utf8').replaceAll(
    fence,
    (_, indent: string, language = '', tag = '', text = '') => {
      blocks.push({ language, tag, text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), '') });
      return '';
    },
  );
  return { path, prose, blocks, anchors: anchorsOf(prose) };
}

/** As GitHub makes them of headings: the words in lower case, joined by hyphens; the second of a name has `-1`. */
function anchorsOf(prose: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose.matchAll(/^#{1,6} +(.+)$/gm)) {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const plain = text.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
    let anchor = plain;
    for (let n = 1; anchors.has(anchor); n += 1) anchor = `${plain}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

const pages = pathsBelow(root).map(pageAt);
const byPath = new Map(pages.map((page) => [page.path, page]));

function thePage(path: string): Page {
  const page = byPath.get(path);
  if (page === undefined) throw new Error(`There is no ${path}.`);
  return page;
}

/** What is wrong with a link of a page; undefined when it leads somewhere. */
function faultOfLink(page: Page, link: string): string | undefined {
  const [to = '', anchor] = link.split('#');
  const path = to === '' ? page.path : normalize(join(dirname(page.path), to)).replace(/\/$/, '');
  if (path.startsWith('..') || !existsSync(join(root, path))) return `${page.path}: ${link} is not there`;
  const target = byPath.get(path);
  if (anchor === undefined || target === undefined || target.anchors.has(anchor)) return undefined;
  return `${page.path}: ${path} has no heading #${anchor}`;
}

function linksOf({ prose }: Page): string[] {
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => !/^[a-z]+:/.test(link));
}

test('every link of a page to another one, and to a heading, leads there', (t) => {
  const faults = pages.flatMap((page) => linksOf(page).map((link) => faultOfLink(page, link)));
  t.deepEqual(
    faults.filter((fault) => fault !== undefined),
    [],
  );
  t.true(faults.length > 100);
  const sample = { ...thePage('docs/api.md'), path: 'docs/api.md' };
  t.regex(faultOfLink(sample, 'apis.md') ?? '', /not there/);
  t.regex(faultOfLink(sample, 'engine.md#leeses') ?? '', /no heading/);
  t.regex(faultOfLink(sample, '../../elsewhere.md') ?? '', /not there/);
});

test('every page of docs is in the index of docs/README.md', (t) => {
  const index = new Set(
    linksOf(thePage('docs/README.md')).map((link) => normalize(join('docs', link.replace(/#.*/, '')))),
  );
  for (const { path } of pages)
    if (dirname(path) === 'docs' && path !== 'docs/README.md') t.true(index.has(path), path);
});

test('blocks of JSON are JSON', (t) => {
  for (const { path, blocks } of pages)
    for (const { language, text } of blocks)
      if (language === 'json') t.notThrows(() => JSON.parse(text), `${path}:\n${text}`);
});

test('options that pages name with their section exist', (t) => {
  const options = new Map(
    Object.entries(SECTIONS).map(([name, section]) => [
      name,
      new Set([
        ...Object.keys(section.options),
        ...section.retired,
        ...Object.keys('aliases' in section ? section.aliases : {}),
      ]),
    ]),
  );
  let named = 0;
  for (const { path, prose } of pages)
    for (const [, section = '', option = ''] of prose.matchAll(/`\[(\w+)\] (\w+)/g)) {
      named += 1;
      if (!FOREIGN_SECTIONS.has(section)) t.true(options.get(section)?.has(option), `${path}: [${section}] ${option}`);
    }
  t.true(named > 30);
});

/** Where the commands of a program are, and where all that they are made of is declared. */
const PROGRAMS = {
  'fenix-manage': { commands: 'src/cmd/manage', all: 'src/cmd' },
  fenix: { commands: 'src/cli/commands', all: 'src/cli' },
};

/** What may be a command. */
const WORD = /^[a-z][a-z-]*$/;

function sourcesBelow(folder: string): string {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const sources = names.filter((name) => name.endsWith('.ts'));
  return sources.map((name) => readFileSync(join(root, folder, name), 'utf8')).join('\n');
}

/** Words that stand in a source as the name of a command may, with its arguments or without. */
function wordsIn(source: string): Set<string> {
  return new Set([...source.matchAll(/['"`]([a-z][a-z-]*)(?: [<[][^'"`]*)?['"`]/g)].map(([, word = '']) => word));
}

/** Command lines of a program in a page: those of code spans, and of lines in blocks of shell. */
function commandLines({ prose, blocks }: Page, program: string): string[] {
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  const lines = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.split('\n'));
  const commands = [...spans, ...lines].map((line) => line.replace(/^(?:npx|sudo) /, '').replace(/ +#.*/, ''));
  return commands.filter((line) => line.startsWith(`${program} `));
}

test('commands and options of fenix-manage and fenix that pages name exist', (t) => {
  for (const [program, { commands, all }] of Object.entries(PROGRAMS)) {
    if (!existsSync(join(root, commands))) continue;
    const declared = { words: wordsIn(sourcesBelow(all)), text: sourcesBelow(all) };
    for (const page of pages)
      for (const line of commandLines(page, program)) {
        const [, first = '', second = ''] = line.split(' ');
        // `fenix <session>: …` is what a disabled service says.
        if (WORD.test(first)) t.true(declared.words.has(first), `${page.path}: ${line}`);
        // Only groups of commands have a second word that is ours.
        if (WORD.test(second) && declared.text.includes(`command('${first}')`))
          t.true(declared.words.has(second), `${page.path}: ${line}`);
        for (const [, option = ''] of line.matchAll(/ (--[a-z][a-z-]+)/g))
          t.regex(declared.text, new RegExp(`${option}\\b`), `${page.path}: ${line}`);
      }
  }
});

/** A cloud with one empty host, and a project whose two instances are on another. */
const SHOP: Topology = {
  seed: 3,
  flavors: [{ name: 'm1.small', vcpus: 2, memoryMb: 4096, diskGb: 20 }],
  hosts: ['compute-1', 'compute-2', 'compute-3'].map((name) => ({ name, vcpus: 4, memoryMb: 8192, diskGb: 40 })),
  controllers: [],
  projects: [
    {
      name: 'shop',
      manager: 'none',
      instances: ['web-1', 'web-2'].map((name) => ({ name, flavor: 'm1.small', host: 'compute-1' })),
    },
  ],
};

type StartManager = (env: Readonly<Record<string, string>>) => Promise<() => Promise<void>>;

async function startManager(authUrl: string, url: string): Promise<() => Promise<void>> {
  const module: { startManager: StartManager } = await import(
    pathToFileURL(join(root, 'docs/samples/manager.mjs')).href
  );
  const shop = { OS_USERNAME: 'shop', OS_PASSWORD: 'shop', OS_PROJECT_NAME: 'shop' };
  return module.startManager({ ...shop, OS_AUTH_URL: authUrl, MANAGER_URL: url });
}

/** An address that nobody listens at. */
async function freeUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return `http://127.0.0.1:${port}/`;
}

/** What differs from run to run is replaced by its kind. */
function plain(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll(/http:\/\/[\w.]+:\d+\/(?!v1)/g, 'manager')
    .replaceAll(/http:\/\/[\w.]+:\d+\/v1/g, 'api')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'uuid')
    .replaceAll(/[0-9a-f]{64}/g, 'signature');
}

interface Heard {
  /** Bodies of all requests and answers, as {@link plain} has them. */
  readonly bodies: Set<string>;
  /** Of each alarm its traits. */
  readonly traits: string[][];
}

/** Listens to everything that the sample sends and is sent. */
function listenIn(): { readonly heard: Heard; stop(): void } {
  const { fetch } = globalThis;
  const heard: Heard = { bodies: new Set(), traits: [] };
  const note = (text: unknown): void => {
    if (typeof text !== 'string' || !text.startsWith('{')) return;
    const body = JSON.parse(text);
    heard.bodies.add(plain(body));
    const traits: unknown[] | undefined = body.reason_data?.event?.traits;
    if (traits !== undefined) heard.traits.push(traits.map(plain));
  };
  globalThis.fetch = async (url, init) => {
    note(init?.body);
    const answer = await fetch(url, init);
    note(await answer.clone().text());
    return answer;
  };
  return {
    heard,
    stop: () => {
      globalThis.fetch = fetch;
    },
  };
}

// These watch the whole process for silence, so they run one after the other.
test.serial('the minimal manager takes part in sessions, and the page shows what was said', async (t) => {
  t.timeout(120_000);
  const { heard, stop } = listenIn();
  t.teardown(stop);
  const scenario = await Scenario.start(t, { topology: SHOP });
  const { simulator } = scenario.system;
  await scenario.system.startEngine();
  const stopManager = await startManager(simulator.authUrl, await freeUrl());
  for (const workflow of ['default', 'vnf']) {
    const detail = await scenario.finish(await scenario.create({ workflow, metadata: { openstack_release: 'next' } }));
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.true(detail.instances.every(({ action, action_done }) => action === 'LIVE_MIGRATE' && action_done));
  }
  t.deepEqual(simulator.report().violations, []);
  await stopManager();
  const { blocks } = thePage('docs/application-owner.md');
  const messages = blocks.filter(({ tag }) => tag === 'message');
  for (const { text } of messages) t.true(heard.bodies.has(plain(JSON.parse(text))), text);
  const traits = blocks.filter(({ tag }) => tag === 'traits');
  for (const { text } of traits) {
    const shown: unknown[] = JSON.parse(text);
    t.true(
      heard.traits.some((sent) => shown.every((trait) => sent.includes(plain(trait)))),
      text,
    );
  }
  t.true(messages.length > 5 && traits.length > 2);
});

test.serial("the commands of an operator's first session do what the page says", async (t) => {
  t.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), 'fenix-test-docs-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const options = { speed: 500, hosts: 3, dialect: 'reference' } as const;
  const demo = await startEmbedded(
    {
      ...options,
      instances: 0,
      workflow: 'default',
      seed: 1,
      json: true,
      keep: false,
      distributed: false,
      engines: 1,
      apis: 1,
    },
    SHOP,
    directory,
    silentLogger,
  );
  t.teardown(() => demo.stop());
  const { simulator, apiUrl } = demo.system;
  const stopManager = await startManager(simulator.authUrl, await freeUrl());
  t.teardown(stopManager);
  const { username, password, projectName } = simulator.adminCredentials;
  const env = {
    ...process.env,
    OS_AUTH_URL: simulator.authUrl,
    OS_USERNAME: username,
    OS_PASSWORD: password,
    OS_PROJECT_NAME: projectName ?? '',
    FENIX: apiUrl.replace(/\/v1$/, ''),
  };
  const isRunnable = ({ tag }: Block): boolean => tag === 'runnable';
  t.deepEqual(
    pages.filter(({ blocks }) => blocks.some(isRunnable)).map(({ path }) => path),
    ['docs/first-session.md'],
    'only this page is run',
  );
  const blocks = thePage('docs/first-session.md').blocks.filter(isRunnable);
  const script = ['set -euo pipefail', ...blocks.map(({ text }) => text)].join('\n');
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: directory, env, timeout: 100_000 });
  for (const said of [
    /"status":"ok"/,
    /"name":"vnf"/,
    /"name":"package-upgrade"/,
    /session [0-9a-f-]{36}\n/,
    /"field":"maintenance_at"/,
    /"state":"MAINTENANCE_DONE"/,
    /"left":\{"hosts":\[\]/,
  ])
    t.true(said.test(stdout), `${said}`);
  t.deepEqual(await demo.system.client.list(), []);
});
