import type { Command } from 'commander';
import type { ControlRequest, HostDetail, SessionDetail } from '../../client/index.js';
import { type HostState, isThrough, isUnfinished } from '../../model/index.js';
import type { CliContext } from '../context.js';
import { CLI_EXIT, CliEnd } from '../exit-codes.js';
import { addOutputOptions, type OutputOptions } from '../output/options.js';
import { addWaitOptions, type WaitOptions, waitFor } from '../wait.js';
import { HOST_COLUMNS, hostRows } from './session-views.js';

/** `fenix host …` */
export function addHost(program: Command, context: CliContext): void {
  const host = program.command('host').description('hosts of a session');
  const list = host.command('list <session>').description('list the hosts of a session, and what they wait for');
  addOutputOptions(list).action(async (id: string, options: OutputOptions) => {
    const detail = await detailOf(context, id);
    context.show({ columns: HOST_COLUMNS, rows: hostRows(detail) }, options);
  });
  addDecision(host, context, {
    word: 'retry',
    about: 'maintain a failed, skipped or asking host again; of a failed session with session continue',
    waits: 'it is maintained; exit code 3 if it is not',
    request: (name) => ({ retry_host: { host: name } }),
    wanted: 'done',
  });
  addDecision(host, context, {
    word: 'skip',
    about: 'leave it unmaintained, and give it back',
    waits: 'it is left out',
    request: (name) => ({ skip_host: { host: name } }),
    wanted: 'skipped',
  });
  addDecision(host, context, {
    word: 'done',
    about: 'count it as maintained, by hand, and give it back',
    waits: 'it counts',
    request: (name) => ({ mark_host_done: { host: name } }),
    wanted: 'done',
  });
  addAdd(host, context);
}

interface Decision {
  readonly word: string;
  readonly about: string;
  readonly waits: string;
  readonly request: (host: string) => ControlRequest;
  /** State that --wait waits for. */
  readonly wanted: HostState;
}

function addDecision(host: Command, context: CliContext, { word, about, waits, request, wanted }: Decision): void {
  const command = host.command(`${word} <session> <host>`).description(about);
  addWaitOptions(command, waits).action(async (id: string, name: string, options: WaitOptions) => {
    const before = options.wait ? await changesOf(context, id, name) : 0;
    await decide(context, id, request(name));
    if (!options.wait || (await isOver(context, id))) return;
    await waitFor(context, options, `Host ${name}`, async () => {
      const detail = await detailOf(context, id);
      const state = stateOf(detail.hosts, name);
      if (state === wanted && word !== 'retry') return true;
      if ((await changesOf(context, id, name)) > before && state !== undefined && isThrough(state)) {
        if (state === wanted) return true;
        throw new CliEnd(CLI_EXIT.sessionFailed, `Host ${name} ended ${state}.`);
      }
      return unlessOver(detail);
    });
  });
}

function addAdd(host: Command, context: CliContext): void {
  const command = host
    .command('add <session> <hosts...>')
    .description('hosts that join the session; one that Nova does not know is brought into the cloud first');
  addWaitOptions(command, 'they have joined').action(async (id: string, hosts: string[], options: WaitOptions) => {
    await decide(context, id, { add_hosts: { hosts } });
    if (!options.wait || (await isOver(context, id))) return;
    await waitFor(context, options, 'Hosts', async () => {
      const detail = await detailOf(context, id);
      const out = detail.excluded.find(({ hostname }) => hosts.includes(hostname));
      if (out !== undefined) throw new CliEnd(CLI_EXIT.refused, `Host ${out.hostname} is left out: ${out.reason}`);
      if (hosts.every((name) => stateOf(detail.hosts, name) !== undefined)) return true;
      return unlessOver(detail);
    });
  });
}

async function decide(context: CliContext, id: string, request: ControlRequest): Promise<void> {
  await (await context.client()).control(id, request, context.io.signal);
}

async function detailOf(context: CliContext, id: string): Promise<SessionDetail> {
  return (await context.client()).detail(id, context.io.signal);
}

function stateOf(hosts: readonly HostDetail[], name: string): HostState | undefined {
  return hosts.find(({ hostname }) => hostname === name)?.state;
}

/** How often its state has changed. */
async function changesOf(context: CliContext, id: string, name: string): Promise<number> {
  const lines = await (await context.client()).history(id, context.io.signal);
  return lines.filter(({ what, host }) => what === 'host' && host === name).length;
}

/** A session that has ended carries out little, and what else is stored waits for `session continue`. */
async function isOver(context: CliContext, id: string): Promise<boolean> {
  const { state } = await (await context.client()).show(id, context.io.signal);
  if (isUnfinished(state)) return false;
  context.tell(`Stored. Session ${id} is in ${state}: nothing is waited for.`);
  return true;
}

function unlessOver({ session_id: id, state }: SessionDetail): undefined {
  if (isUnfinished(state)) return undefined;
  throw new CliEnd(CLI_EXIT.sessionFailed, `Session ${id} ended in ${state} before that.`);
}
