import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { ManualClock, plusSeconds, SystemMachineClock } from '../../src/common/clock.js';
import { FenixError, Stopped } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import type { SignedCalls } from '../../src/workflow/action-tools.js';
import type { ActionContext, ActionPlugin } from '../../src/workflow/contract.js';
import { PluginProcesses } from '../../src/workflow/isolation/plugin-processes.js';
import { loadPlugins } from '../../src/workflow/loader.js';
import { askWithin } from '../../src/workflow/running/bounded.js';
import { type PluginOutcome } from '../../src/workflow/running/phases.js';
import { PluginRecord } from '../../src/workflow/running/record.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { type LoggedLine, recordingLogger } from '../../src/workflow/testing/recording-logger.js';
import { ScriptedPrograms } from '../../src/workflow/testing/scripted-programs.js';
import { anAction, aPluginDirectory } from '../support/plugin-files.js';

const SETTINGS = { isolation: 'third-party', memoryMiB: 64, graceS: 0.1, loadTimeoutS: 20 } as const;

interface Isolated {
  readonly plugin: ActionPlugin;
  readonly processes: PluginProcesses;
  readonly directory: string;
  readonly record: PluginRecord;
  readonly lines: LoggedLine[];
  readonly clock: ManualClock;
  context(given?: Partial<ActionContext>): ActionContext;
  /** As the engine asks it, in ten seconds. */
  ask(given?: Partial<ActionContext>): Promise<PluginOutcome>;
}

/** An action plug-in of others, as an engine has it. */
async function isolated(t: ExecutionContext, text: string, files: Record<string, string> = {}): Promise<Isolated> {
  const processes = new PluginProcesses(SETTINGS, new SystemMachineClock());
  t.teardown(() => processes.close());
  const directory = aPluginDirectory(t, { 'actions/work.mjs': text, ...files });
  const registry = await loadPlugins([directory], silentLogger, { processes });
  const plugin = registry.action('work');
  const lines: LoggedLine[] = [];
  const record = new PluginRecord();
  const clock = new ManualClock();
  const { output } = record;
  const given = { name: 'work', clock, output, record: record.record, log: recordingLogger(lines) };
  const context = (overrides: Partial<ActionContext> = {}) => actionContext({ ...given, ...overrides });
  const ask = (overrides: Partial<ActionContext> = {}): Promise<PluginOutcome> => {
    const bounds = { clock, begunAt: clock.now(), seconds: 10, stopping: new AbortController().signal };
    return askWithin(plugin, bounds, false, (signal) => context({ signal, ...overrides }));
  };
  return { plugin, processes, directory, record, lines, clock, context, ask };
}

/** What becomes of a run with that body. */
const outcomeOf = async (t: ExecutionContext, body: string): Promise<PluginOutcome> =>
  (await isolated(t, anAction('work', body))).ask();

/** Not as a zombie either. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Passes turns of the event loop: another process has to get somewhere. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test.serial('a plug-in of others works in a process of its own with everything that its context lends', async (t) => {
  const text = `
    ${anAction(
      'work',
      `
      context.record({ pid: process.pid, at: context.clock.now().toISOString(), host: context.host, to: context.metadata.to });
      console.log('printed');
      context.output('put out\\n');
      context.log.child({ of: 'the child' }).info({ n: 1 }, 'a line');
      const { stdout } = await context.remote.run(['uname', '-r'], { timeoutS: 5 });
      const [service] = await context.cloud.services();
      await context.clock.sleep(new Date(context.clock.now().getTime() + 60_000));
      context.record({ kernel: stdout, up: service.up, later: context.clock.now().toISOString() });
      return 'DONE';`,
    )}`;
  const { plugin, record, lines, clock, context, processes } = await isolated(t, text);
  const remote = new ScriptedPrograms([{ argv: ['uname', '-r'], stdout: '6.1' }]);
  const cloud = { ...actionContext().cloud, services: async () => [{ up: true }] as never };
  const running = plugin.run(context({ remote, cloud, host: 'compute-7', metadata: { to: '$(reboot); `x` "\' \n' } }));
  await until(() => clock.nextDue() !== undefined);
  t.is(processes.running, 1);
  clock.advanceTo(plusSeconds(clock.now(), 60));
  t.is(await running, 'DONE');
  const { pid, ...facts } = record.kept.facts ?? {};
  t.not(pid, process.pid);
  t.deepEqual(facts, {
    at: '2026-01-01T00:00:00.000Z',
    host: 'compute-7',
    to: '$(reboot); `x` "\' \n',
    kernel: '6.1',
    up: true,
    later: '2026-01-01T00:01:00.000Z',
  });
  t.is(record.kept.output, 'printed\nput out\n');
  t.deepEqual(lines, [{ level: 'info', fields: { of: 'the child', n: 1 }, message: 'a line' }]);
  t.deepEqual(remote.ran, [{ argv: ['uname', '-r'], options: { timeoutS: 5 } }]);
  await processes.settled();
});

test.serial(
  'signed calls and the directory of downloads are lent to a process, whatever it asks of them',
  async (t) => {
    const { plugin, record, context } = await isolated(
      t,
      anAction(
        'work',
        `
      const target = { url: 'https://jobs.example.org/', secret: 'jobs' };
      await context.hooks.check(target);
      const answer = await context.hooks.send(target, { key: 'k', body: { host: context.host } });
      const refusal = await context.hooks.check().catch(({ code, message }) => code + ': ' + message);
      context.record({ files: context.files, answer, refusal });
      return 'DONE';`,
      ),
    );
    const asked: unknown[] = [];
    const hooks: SignedCalls = {
      check: async (target) => {
        asked.push(target);
        if (target.secret !== 'jobs') throw new FenixError('terminal', 'hook-refused', `no ${target.secret}`);
      },
      send: async (target, call) => {
        asked.push([target, call]);
        return { status: 200, body: { status: 'done' } };
      },
    };
    t.is(await plugin.run(context({ hooks, files: '/var/lib/fenix/x' })), 'DONE');
    const target = { url: 'https://jobs.example.org/', secret: 'jobs' };
    t.deepEqual(asked, [
      target,
      [target, { key: 'k', body: { host: 'compute-1' } }],
      { url: 'undefined', secret: 'undefined' },
    ]);
    t.deepEqual(record.kept.facts, {
      files: '/var/lib/fenix/x',
      answer: { status: 200, body: { status: 'done' } },
      refusal: 'hook-refused: no undefined',
    });
  },
);

test.serial(
  'check, probe, verify and undo run in processes as well, and only those that there are exist',
  async (t) => {
    const more = "check: async () => 1, verify: async ({ phase }) => phase === 'undo', undo: async () => 'DONE',";
    const { plugin, context } = await isolated(t, anAction('work', "return 'DONE';", more));
    t.is(plugin.probe, undefined);
    t.true(await plugin.check?.(context({ phase: 'check' })));
    t.false(await plugin.verify?.(context()));
    t.true(await plugin.verify?.(context({ phase: 'undo' })));
    t.is(await plugin.undo?.(context({ phase: 'undo' })), 'DONE');
  },
);

test.serial('what one remembers is kept by the engine, and there for it at once and in its next process', async (t) => {
  const body = `
    if (context.remembered.boot === undefined) await context.remember({ boot: 'b1' });
    await context.remember({ n: 1n }).catch(({ code }) => context.record({ code }));
    context.record({ boot: context.remembered.boot, files: context.localFiles });
    return 'DONE';`;
  const { plugin, record, context } = await isolated(t, anAction('work', body));
  const kept: object[] = [];
  const remember = async (facts: object) => void kept.push(facts);
  t.is(await plugin.run(context({ remember, localFiles: '/srv/files' })), 'DONE');
  t.deepEqual(record.kept.facts, { code: 'facts', boot: 'b1', files: '/srv/files' });
  t.is(await plugin.run(context({ remember, remembered: { boot: 'b0' } })), 'DONE');
  t.like(record.kept.facts, { boot: 'b0' });
  t.deepEqual(kept, [{ boot: 'b1' }]);
});

test.serial(
  'hosts that one says have joined or left are told to the engine, with what its check recorded',
  async (t) => {
    const body = `
    context.changed({ kind: 'added', host: context.checked.next, enabled: true, more: 1 });
    context.changed({ kind: 'removed' });
    try { context.changed({ kind: 'added', host: 7 }); } catch ({ message }) { context.record({ message }); }
    return 'DONE';`;
    const { plugin, record, context } = await isolated(t, anAction('work', body));
    t.is(await plugin.run(context({ changed: record.changed, checked: { next: 'compute-9' } })), 'DONE');
    t.deepEqual(record.changes, [{ kind: 'added', host: 'compute-9', enabled: true }, { kind: 'removed' }]);
    t.regex(String(record.kept.facts?.message), /^A change of hosts must be \{ kind: 'added', host, enabled \}/);
  },
);

test.serial('one that plans would have to ask at once cannot run by itself', async (t) => {
  await t.throwsAsync(isolated(t, anAction('work', "return 'DONE';", 'removes: () => true,')), {
    code: 'plug-in-invalid',
    message: /work\.mjs: removes cannot be asked of a plug-in that runs by itself/,
  });
});

test.serial('one that throws fails with its sentence, whatever it threw', async (t) => {
  t.like(await outcomeOf(t, "throw new TypeError('no such disk');"), { state: 'FAILED', message: 'no such disk' });
  t.like(await outcomeOf(t, "throw 'just text';"), { state: 'FAILED', message: 'just text' });
  t.regex((await outcomeOf(t, 'throw Object.create(null);')).message ?? '', /cannot be read/);
});

test.serial('one that loops without end is ended when its time is up', async (t) => {
  const { ask, clock, processes, record } = await isolated(t, anAction('work', "context.output('begun'); for (;;);"));
  const asked = ask();
  await until(() => record.kept.output !== undefined);
  clock.advanceTo(plusSeconds(clock.now(), 10));
  t.deepEqual(await asked, { state: 'FAILED', message: 'work did not end within 10 s.' });
  await processes.settled();
});

test.serial('one that waits without end hears that its time is up, and may put things in order', async (t) => {
  const body = `
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    context.record({ tidied: true });
    return 'DONE';`;
  const { ask, clock, processes, record, context } = await isolated(
    t,
    anAction('work', `context.record({ waits: true });${body}`),
  );
  const asked = ask();
  await until(() => record.kept.facts !== undefined);
  clock.advanceTo(plusSeconds(clock.now(), 10));
  t.like(await asked, { state: 'FAILED' });
  await processes.settled();
  t.deepEqual(record.kept.facts, { waits: true, tidied: true });
  t.false(context().signal.aborted);
});

test.serial('an engine that lets go ends the process, and nobody takes that for a failure', async (t) => {
  const { plugin, context, processes, record } = await isolated(t, anAction('work', "context.output('x'); for (;;);"));
  const stopping = new AbortController();
  const running = plugin.run(context({ signal: stopping.signal }));
  await until(() => record.kept.output !== undefined);
  stopping.abort();
  await t.throwsAsync(running, { instanceOf: Stopped });
  await processes.settled();
  await t.throwsAsync(plugin.run(context({ signal: stopping.signal })), { instanceOf: Stopped });
});

test.serial('one that ends its process ends its own run', async (t) => {
  const exits = await isolated(t, anAction('work', "context.output('last words'); process.exit(7);"));
  t.deepEqual(await exits.ask(), { state: 'FAILED', message: 'work ended its process with exit code 7.' });
  t.is(exits.record.kept.output, 'last words');
  const kills = await outcomeOf(t, "process.kill(process.pid, 'SIGKILL'); return 'DONE';");
  t.deepEqual(kills, { state: 'FAILED', message: 'work ended its process by SIGKILL.' });
});

test.serial('one that takes memory without end is ended, on the heap and in buffers', async (t) => {
  const floods = [
    'const all = []; for (;;) all.push(new Array(1000).fill(all.length));',
    // V8 ends the whole process of whoever does these.
    'const all = []; for (let i = 0; ; i += 1) all[i] = i;',
    'const all = new Map(); for (let i = 0; ; i += 1) all.set(i, { i });',
    'new Array(2 ** 27).fill(0).push(1);',
    'const all = []; for (;;) all.push(Buffer.alloc(1024 * 1024, 1));',
  ];
  for (const flood of floods) {
    const outcome = await outcomeOf(t, `${flood} return 'DONE';`);
    t.deepEqual(outcome, { state: 'FAILED', message: 'work used more than 64 MiB of memory.' }, flood);
  }
});

test.serial('one that prints without end is heard to its last words', async (t) => {
  const body = `
    for (let i = 0; i < 200_000; i += 1) { console.log('line', i); context.output('x'.repeat(100)); }
    for (let i = 0; i < 10_000; i += 1) context.log.info({ i }, 'a line');
    context.output('the end');
    return 'DONE';`;
  const { ask, record, lines } = await isolated(t, anAction('work', body));
  t.deepEqual(await ask(), { state: 'DONE' });
  const { output = '' } = record.kept;
  t.true(output.endsWith('xxxthe end'));
  t.regex(output, /^\[\d+ characters before this are not kept\]\n/);
  t.true(output.length < 17_000);
  t.true(lines.length < 200, String(lines.length));
  t.true(lines.some(({ message }) => message === 'the plug-in logs more than is kept'));
});

test.serial('an error that one leaves unhandled fails its own run', async (t) => {
  const waits = 'await new Promise((resolve) => setTimeout(resolve, 60_000));';
  t.deepEqual(await outcomeOf(t, `Promise.reject(new Error('left alone')); ${waits}`), {
    state: 'FAILED',
    message: 'work left an error unhandled: left alone.',
  });
  t.deepEqual(await outcomeOf(t, `setTimeout(() => { throw new Error('late'); }); ${waits}`), {
    state: 'FAILED',
    message: 'work left an error unhandled: late.',
  });
});

test.serial('timers, handles and programs that one leaves behind end with its run', async (t) => {
  const text = `import { createServer } from 'node:net';
    import { spawn } from 'node:child_process';
    ${anAction(
      'work',
      `setInterval(() => undefined, 10);
       createServer().listen(0);
       context.record({ pid: spawn('sleep', ['600']).pid });
       return 'DONE';`,
    )}`;
  const { ask, processes, record } = await isolated(t, text);
  t.deepEqual(await ask(), { state: 'DONE' });
  await processes.settled();
  t.is(processes.running, 0);
  const { pid } = record.kept.facts ?? {};
  await until(() => !isRunning(Number(pid)));
});

test.serial('an engine that is killed leaves no plug-in behind', async (t) => {
  const body = 'context.record({ pid: process.pid }); await new Promise((resolve) => setTimeout(resolve, 600_000));';
  const directory = aPluginDirectory(t, { 'actions/work.mjs': anAction('work', body) });
  const script = fileURLToPath(new URL('../support/plugin-parent.js', import.meta.url));
  const engine = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => engine.kill('SIGKILL'));
  const [said] = await once(engine.stdout, 'data');
  const { pid } = JSON.parse(String(said));
  t.true(isRunning(pid));
  engine.kill('SIGKILL');
  await until(() => !isRunning(pid));
});

test.serial('the environment of the engine, with what is secret in it, is not to be seen', async (t) => {
  process.env.OS_SERVICE_USER__PASSWORD = 'secret';
  t.teardown(() => {
    delete process.env.OS_SERVICE_USER__PASSWORD;
  });
  const text = `import { execFileSync } from 'node:child_process';
    import { readFileSync } from 'node:fs';
    ${anAction(
      'work',
      `const childs = execFileSync('env', { encoding: 'utf8' });
       context.record({ names: Object.keys(process.env), childs, own: readFileSync('/proc/self/environ', 'utf8'), arguments: process.argv.slice(2) });
       return 'DONE';`,
    )}`;
  const { ask, record } = await isolated(t, text);
  t.deepEqual(await ask(), { state: 'DONE' });
  const { names, childs, own, arguments: args } = record.kept.facts ?? {};
  t.deepEqual(
    (names as string[]).filter((name) => !['PATH', 'HOME', 'LANG', 'TZ'].includes(name)),
    [],
  );
  t.false(String(childs).includes('secret'));
  t.false(String(own).includes('secret'));
  t.deepEqual(args, []);
});

test.serial('what one asks for wrongly is refused to it, and to it alone', async (t) => {
  const refused = async (call: string): Promise<string> => {
    const { message = '' } = await outcomeOf(t, `await ${call}; return 'DONE';`);
    return message;
  };
  t.regex(await refused('context.cloud.liveMigrate("1", "x")'), /no "liveMigrate"; it has: services/);
  t.regex(await refused('context.cloud.constructor()'), /no "constructor"/);
  t.regex(await refused('context.remote.run("rm -rf /")'), /^argv must be a list of texts/);
  t.regex(await refused('context.remote.run([])'), /^argv must be a list of texts/);
  t.regex(await refused('context.remote.run([() => 1])'), /could not be cloned/);
  t.regex(await refused('context.record({ n: 1n })'), /^Facts must be what JSON can hold/);
  t.regex(await refused("context.record({ long: 'x'.repeat(70_000) })"), /^Facts have 7\d+ bytes; at most 65536/);
  t.regex(
    await refused('Promise.all(Array.from({ length: 300 }, () => context.clock.sleep(new Date(8.64e15))))'),
    /256 things at once/,
  );
});

test.serial('errors of the engine’s side keep their code on the way, and come back', async (t) => {
  const body = `
    try { await context.remote.run(['x']); } catch (error) {
      context.record({ name: error.name, code: error.code, kind: error.kind, retryable: error.retryable });
      throw error;
    }`;
  const { plugin, context, record } = await isolated(t, anAction('work', body));
  const remote = { run: () => Promise.reject(new FenixError('transient', 'unreachable', 'No route.', { status: 1 })) };
  await t.throwsAsync(plugin.run(context({ remote })), {
    instanceOf: FenixError,
    code: 'unreachable',
    message: 'No route.',
  });
  t.deepEqual(record.kept.facts, { name: 'FenixError', code: 'unreachable', kind: 'transient', retryable: true });
});

test.serial('a text that is no state is a failure', async (t) => {
  t.like(await outcomeOf(t, "return 'x'.repeat(300);"), { state: 'FAILED' });
  t.regex(
    (await outcomeOf(t, "return 'x'.repeat(300);")).message ?? '',
    /returned 300 characters; a state has at most 255/,
  );
  t.deepEqual(await outcomeOf(t, 'return undefined;'), { state: '' });
  t.like(await outcomeOf(t, 'return Symbol("s");'), { state: 'Symbol(s)' });
});

test.serial('a module that changed since the engine started is not run under its old digest', async (t) => {
  const files = { 'actions/lib/part.mjs': "export const state = 'DONE';" };
  const { ask, directory } = await isolated(
    t,
    `import { state } from './lib/part.mjs';\n${anAction('work', 'return state;')}`,
    files,
  );
  t.deepEqual(await ask(), { state: 'DONE' });
  writeFileSync(join(directory, 'actions/lib/part.mjs'), "export const state = 'OTHER';");
  const { state, message = '' } = await ask();
  t.is(state, 'FAILED');
  t.regex(message, /work\.mjs is not what it was when the engine started/);
});

test.serial('what ships runs in the engine’s own process unless all are isolated', async (t) => {
  for (const [isolation, expected] of [
    ['third-party', false],
    ['all', true],
    ['none', false],
  ] as const) {
    const processes = new PluginProcesses({ ...SETTINGS, isolation }, new SystemMachineClock());
    const registry = await loadPlugins([], silentLogger, { processes });
    t.is(registry.infos().find(({ name }) => name === 'noop')?.isolated, expected, isolation);
    t.is(processes.isolates('/opt/plugins'), isolation !== 'none');
    t.is(await registry.action('noop').run(actionContext()), 'DONE');
    await processes.settled();
  }
});

test.serial(
  'a plug-in that asks for the time without listening, or speaks out of turn, ends itself alone',
  async (t) => {
    const deaf = await outcomeOf(
      t,
      `const { writeSync } = await import('node:fs');
     const many = Buffer.alloc(4096, '?');
     for (;;) try { writeSync(4, many); } catch (error) { if (error.code !== 'EAGAIN') throw error; }`,
    );
    t.regex(deaf.message ?? '', /^work ended its process by SIGKILL\.$/);
    const loud = await outcomeOf(
      t,
      `const told = { output: 'x', dropped: 0, facts: {}, changes: [], lines: [], droppedLines: 0 };
     for (let i = 0; i < 100; i += 1) process._send({ say: 'told', told }, undefined, {}, () => undefined);
     await new Promise((resolve) => setTimeout(resolve, 60_000));`,
    );
    t.regex(loud.message ?? '', /work cannot be understood: it speaks before it was heard/);
  },
);
