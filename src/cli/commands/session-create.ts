import { type Command, InvalidArgumentError, Option } from 'commander';
import type { NewAction, NewSession } from '../../client/index.js';
import { ACTION_TYPES, type ActionType } from '../../model/index.js';
import { bodyFrom, over } from '../body-file.js';
import type { CliContext } from '../context.js';
import { UsageError } from '../exit-codes.js';
import { addOutputOptions, collect, type OutputOptions } from '../output/options.js';
import { instant, pairs } from '../parse.js';
import { addWaitOptions, checkEnd, type WaitOptions, waitForEnd } from '../wait.js';
import { summaryView } from './session-views.js';

interface CreateOptions extends OutputOptions, WaitOptions {
  readonly file?: string;
  readonly at?: Date;
  readonly workflow?: string;
  readonly host?: string[];
  readonly aggregate?: string;
  readonly zone?: string;
  readonly excludeHost?: string[];
  readonly action?: NewAction[];
  readonly metadata?: object;
  readonly limit?: object;
  readonly policy?: object;
  readonly download?: string[];
  readonly idempotencyKey?: string;
}

export function addSessionCreate(session: Command, context: CliContext): void {
  const command = session
    .command('create')
    .description('begin to maintain hosts; shows the new session')
    .option(
      '--file <file>',
      'body of the request, YAML or JSON (docs/api.md); options go before it, - is standard input',
    )
    .addOption(
      new Option('--at <time>', 'when it begins: now, +2h, or 2026-01-31T22:00, in UTC without a zone').argParser(
        instant(() => context.io.now()),
      ),
    )
    .option('--workflow <name>', 'workflow of an engine; default: default')
    .option('--host <name>', 'only this host; may be repeated; none = all', collect)
    .option('--aggregate <name>', 'only the hosts of this aggregate')
    .option('--zone <name>', 'only the hosts of this availability zone')
    .option('--exclude-host <name>', 'all but this host; may be repeated', collect)
    .option('--action <type:plugin[:metadata]>', ACTION_HELP, collectActions)
    .option('--metadata <key=value>', 'a hint to project managers; may be repeated', pairs)
    .option('--limit <key=value>', 'as hosts=2 or migrations=20%; may be repeated', pairs)
    .option('--policy <key=value>', 'as nack=ask or failure_budget=3; may be repeated', pairs)
    .option('--download <url>', 'a file or archive of plug-ins; may be repeated', collect)
    .option('--idempotency-key <key>', 'sent twice with the same key, the session is made once');
  addWaitOptions(addOutputOptions(command), 'it has ended; exit code 3 unless well').action((options: CreateOptions) =>
    create(context, options),
  );
}

const ACTION_HELP = `work on hosts: ${ACTION_TYPES.join(', ')}, the plug-in, and its metadata as JSON or key=value,key=value; may be repeated`;

async function create(context: CliContext, options: CreateOptions): Promise<void> {
  const { signal } = context.io;
  const body = await bodyOf(context, options);
  const client = await context.client();
  const id = await client.create(body, signal, options.idempotencyKey);
  if (options.wait !== true) return context.show(summaryView(await client.detail(id, signal)), options);
  context.tell(`Session ${id} was created.`);
  const state = await waitForEnd(context, options, id);
  const detail = await client.detail(id, signal);
  context.show(summaryView(detail), options);
  checkEnd(id, state, detail.reason?.message);
}

/** What the file says, and over it what the command line says. */
async function bodyOf({ io }: CliContext, options: CreateOptions): Promise<NewSession> {
  const file = await bodyFrom(options.file, io);
  const { aggregate, zone, excludeHost } = options;
  const scope = over({}, { aggregate, zone, exclude_hosts: excludeHost });
  const body = over(file, {
    maintenance_at: options.at?.toISOString().slice(0, 19).replace('T', ' '),
    workflow: options.workflow,
    hosts: options.host,
    actions: options.action,
    download: options.download,
    scope: withGiven(file.scope, scope),
    metadata: withGiven(file.metadata, options.metadata),
    limits: withGiven(file.limits, options.limit),
    policy: withGiven(file.policy, options.policy),
  });
  if (!Object.hasOwn(body, 'maintenance_at')) {
    throw new UsageError('Say when it begins: --at (now, +2h, or 2026-01-31T22:00), or maintenance_at in the file.');
  }
  return body as NewSession;
}

/** Single keys go before those of the file; undefined where none were given. */
function withGiven(below: unknown, given: object = {}): object | undefined {
  if (Object.keys(given).length === 0) return undefined;
  return { ...(typeof below === 'object' ? below : {}), ...given };
}

function collectActions(text: string, previous: readonly NewAction[] = []): NewAction[] {
  const [, type = '', plugin = '', metadata] = /^([^:]+):([^:]+)(?::(.*))?$/s.exec(text) ?? [];
  if (!(ACTION_TYPES as readonly string[]).includes(type)) {
    throw new InvalidArgumentError(
      `It must be TYPE:PLUGIN or TYPE:PLUGIN:METADATA, TYPE one of ${ACTION_TYPES.join(', ')}.`,
    );
  }
  const parsed = metadata === undefined || metadata === '' ? {} : { metadata: metadataOf(metadata) };
  return [...previous, { plugin, type: type as ActionType, ...parsed }];
}

function metadataOf(text: string): Record<string, unknown> {
  if (!text.trimStart().startsWith('{')) {
    return text.split(',').reduce<Record<string, unknown>>((all, pair) => pairs(pair, all), {});
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError(`Its metadata must be JSON, or key=value,key=value: ${text}`);
  }
}
