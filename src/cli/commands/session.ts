import { type Command, Option } from 'commander';
import type { ListedSession, SessionDetail } from '../../client/index.js';
import { SESSION_STATES, type SessionState } from '../../model/index.js';
import { defined } from '../body-file.js';
import type { CliContext } from '../context.js';
import { deleteAll } from '../delete-all.js';
import { addOutputOptions, type OutputOptions } from '../output/options.js';
import { wholeNumber } from '../parse.js';
import { progressModeFor } from '../progress.js';
import { timeoutOption } from '../wait.js';
import { detailsOf, eventText } from '../watch/event-text.js';
import { watchSession } from '../watch/watch.js';
import { addSessionControl } from './session-control.js';
import { addSessionCreate } from './session-create.js';
import { detailView, summaryView } from './session-views.js';

/** `fenix session …` */
export function addSession(program: Command, context: CliContext): void {
  const session = program.command('session').description('maintenance sessions');
  addSessionCreate(session, context);
  addList(session, context);
  addLook(session, context, 'show', 'show a session in short', summaryView);
  addLook(session, context, 'detail', 'show everything known of a session', detailView);
  addWatch(session, context);
  addSessionControl(session, context);
  session
    .command('delete <session...>')
    .description('delete sessions; their engines end the work and give hosts back')
    .action(async (ids: string[]) => {
      const client = await context.client();
      await deleteAll(context, 'session', ids, (id) => client.remove(id, context.io.signal));
    });
  addHistory(session, context);
  addInstances(session, context);
}

const LIST_COLUMNS = ['session_id', 'state', 'workflow', 'maintenance_at', 'percent_done', 'paused_at'];
const MOST_AT_ONCE = 1000;

interface ListOptions extends OutputOptions {
  readonly state?: SessionState;
  readonly workflow?: string;
  readonly limit?: number;
  readonly marker?: string;
}

function addList(session: Command, context: CliContext): void {
  const command = session
    .command('list')
    .description('list sessions, oldest first')
    .addOption(new Option('--state <state>', 'only those in it').choices(SESSION_STATES))
    .option('--workflow <name>', 'only those of it')
    .option('--limit <n>', 'at most so many; default: all', wholeNumber(1, 1_000_000))
    .option('--marker <session>', 'those after this one');
  addOutputOptions(command).action(async (options: ListOptions) => {
    context.show({ columns: LIST_COLUMNS, rows: await listed(context, options) }, options);
  });
}

async function listed(context: CliContext, options: ListOptions): Promise<ListedSession[]> {
  const client = await context.client();
  const { state, workflow, limit = Number.POSITIVE_INFINITY } = options;
  const sessions: ListedSession[] = [];
  const seen = new Set([options.marker]);
  for (let marker = options.marker; ; ) {
    const query = { limit: Math.min(MOST_AT_ONCE, limit - sessions.length), ...defined({ marker, state, workflow }) };
    const page = await client.listPage(query, context.io.signal);
    sessions.push(...page.sessions);
    if (typeof page.next !== 'string' || sessions.length >= limit) return sessions;
    if (seen.has(page.next)) {
      context.tell('Fenix sends to a page that it has answered before: the list ends there, and may not be whole.');
      return sessions;
    }
    marker = page.next;
    seen.add(marker);
  }
}

function addLook(
  session: Command,
  context: CliContext,
  word: string,
  about: string,
  view: (detail: SessionDetail) => Parameters<CliContext['show']>[0],
): void {
  const command = session.command(`${word} <session>`).description(about);
  addOutputOptions(command).action(async (id: string, options: OutputOptions) => {
    context.show(view(await (await context.client()).detail(id, context.io.signal)), options);
  });
}

interface WatchArguments {
  readonly format?: 'lines' | 'json';
  readonly new?: true;
  readonly timeout?: number;
}

function addWatch(session: Command, context: CliContext): void {
  session
    .command('watch <session>')
    .description('show a session live until it has ended; exit code 3 unless well')
    .addOption(
      new Option(
        '-f, --format <format>',
        'a line or a JSON object per event; default: a picture on a terminal, else lines',
      ).choices(['lines', 'json']),
    )
    .option('--new', 'lines of what happens from now on only')
    .addOption(timeoutOption('it'))
    .action((id: string, options: WatchArguments) => {
      const { stdout, env } = context.io;
      const fromNow = options.new === true;
      const isLive = progressModeFor(stdout, env).mode === 'live' && !fromNow;
      const mode = options.format ?? (isLive ? 'live' : 'lines');
      return watchSession(context, id, { mode, fromNow, timeout: options.timeout });
    });
}

function addHistory(session: Command, context: CliContext): void {
  const command = session
    .command('history <session>')
    .description('what happened, oldest first; of deleted sessions, too, until they are purged');
  addOutputOptions(command).action(async (id: string, options: OutputOptions) => {
    const lines = await (await context.client()).history(id, context.io.signal);
    const isForPrograms = options.format === 'json' || options.format === 'yaml';
    const rows = lines.map((line) => {
      const { at, who, what } = line;
      return { at, who, what, details: isForPrograms ? detailsOf(line) : eventText(line) };
    });
    context.show({ columns: ['at', 'who', 'what', 'details'], rows }, options);
  });
}

function addInstances(session: Command, context: CliContext): void {
  const command = session
    .command('instances <session>')
    .description("ids of a project's instances that it is asked about now, else all that it has in the session")
    .option('--project <id>', "whose; default: the token's");
  addOutputOptions(command).action(async (id: string, options: OutputOptions & { project?: string }) => {
    const projectId = await context.projectId(options.project);
    const ids = await (await context.client()).instances(id, projectId, context.io.signal);
    context.show({ columns: ['instance_id'], rows: ids.map((instanceId) => ({ instance_id: instanceId })) }, options);
  });
}
