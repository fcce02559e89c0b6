import type { Command } from 'commander';
import type { ListedPlugin } from '../../client/index.js';
import type { CliContext } from '../context.js';
import { CLI_EXIT, CliEnd } from '../exit-codes.js';
import { addOutputOptions, type OutputOptions } from '../output/options.js';

/** `fenix workflow …`, `fenix action …`, `fenix engine …`, `fenix health`: what there is, and how it is. */
export function addCatalog(program: Command, context: CliContext): void {
  addPlugins(program, context, {
    noun: 'workflow',
    about: 'what a session can be carried out by',
    columns: ['name', 'version', 'source', 'description'],
    list: async () => (await context.client()).workflows(context.io.signal),
  });
  addPlugins(program, context, {
    noun: 'action',
    about: 'what can be done to hosts',
    columns: ['name', 'version', 'types', 'methods', 'source', 'description'],
    list: async () => (await context.client()).actions(context.io.signal),
  });
  const engine = program.command('engine').description('processes that carry sessions out');
  const list = engine.command('list').description('list them');
  addOutputOptions(list).action(async (options: OutputOptions) => {
    const engines = await (await context.client()).engines(context.io.signal);
    const rows = engines.map(({ plugins, broken_plugins: broken, ...rest }) => ({
      ...rest,
      plugins: plugins.length,
      broken_plugins: broken.length,
    }));
    context.show({ columns: ENGINE_COLUMNS, rows }, options);
  });
  addHealth(program, context);
}

const ENGINE_COLUMNS = ['engine_id', 'host', 'version', 'alive', 'started_at', 'seen_at', 'plugins', 'broken_plugins'];

interface PluginKind {
  readonly noun: string;
  readonly about: string;
  readonly columns: readonly string[];
  readonly list: () => Promise<readonly ListedPlugin[]>;
}

function addPlugins(program: Command, context: CliContext, { noun, about, columns, list }: PluginKind): void {
  const parent = program.command(noun).description(about);
  addOutputOptions(parent.command('list').description('list them')).action(async (options: OutputOptions) => {
    context.show({ columns, rows: await list() }, options);
  });
  addOutputOptions(parent.command(`show <${noun}>`).description('show one of them')).action(
    async (name: string, options: OutputOptions) => {
      const found = await list();
      const wanted = found.find((one) => one.name === name);
      const names = found.map((one) => one.name).join(', ');
      if (wanted === undefined) throw new CliEnd(CLI_EXIT.refused, `There is no ${noun} ${name}; there are: ${names}.`);
      context.show({ object: wanted }, options);
    },
  );
}

function addHealth(program: Command, context: CliContext): void {
  const health = program.command('health').description('whether Fenix is well; exit code 1 unless it is');
  addOutputOptions(health).action(async (options: OutputOptions) => {
    const { status, checks } = await (await context.client()).health(context.io.signal);
    context.show({ object: { status, checks } }, options);
    if (status !== 'ok') throw new CliEnd(CLI_EXIT.refused);
  });
}
