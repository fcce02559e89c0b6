import { existsSync, statSync } from 'node:fs';
import { Argument, type Command, Option } from 'commander';
import type { DependencyContainer } from 'tsyringe';
import { formatTable } from '../../cli/table.js';
import { messageOf } from '../../common/errors.js';
import { EXIT } from '../../common/lifecycle.js';
import { Logger } from '../../common/logger.js';
import type { PluginInfo } from '../../model/index.js';
import { PluginProcesses } from '../../workflow/isolation/plugin-processes.js';
import { tryModule } from '../../workflow/loader.js';
import { type FoundModule, moduleIn, modulesAt } from '../../workflow/plugin-places.js';
import { ConfigToken } from '../wiring/core.js';
import { configuredPlugins, registerPluginProcesses } from '../wiring/plugins.js';
import { say, withConfig } from './installation.js';
import { newPlugin } from './plugin/new-plugin.js';
import { SKELETONS, type SkeletonType } from './plugin/skeletons.js';

export function addPlugin(program: Command): void {
  const plugin = program.command('plugin').description('plug-ins: what there is, whether it can be used, a new one');
  plugin
    .command('list')
    .description('list what an engine with this configuration has, and what it cannot use')
    .option('--json', 'as one JSON object')
    .action(({ json = false }: { json?: boolean }) =>
      withConfig(program, async (parts) => {
        registerPluginProcesses(parts);
        const registry = await configuredPlugins(parts, 'skip');
        const found = { plugins: registry.infos(), broken: registry.broken };
        if (json) return say(JSON.stringify(found, null, 2));
        for (const line of tableOf(found.plugins)) say(line);
        for (const { reason } of found.broken) say(`broken: ${reason}`);
      }),
    );
  plugin
    .command('check')
    .description('import and check plug-ins as an engine does at its start; exit code 1 if one cannot be used')
    .addArgument(
      new Argument('[path]', 'a module, a directory or an npm package; default: all of [DEFAULT] plugin_path'),
    )
    .action((path: string | undefined) => withConfig(program, (parts) => check(parts, path)));
  plugin
    .command('new <name>')
    .description('write a plug-in that works, with a test, to begin with')
    .addOption(new Option('--type <type>', 'what it is').choices(Object.keys(SKELETONS)).default('action'))
    .option('--directory <directory>', 'directory of plug-ins; made if need be', '.')
    .action((name: string, { type, directory }: { type: SkeletonType; directory: string }) =>
      withConfig(program, async () => {
        const { written, command } = newPlugin(name, type, directory);
        for (const file of written) say(`wrote ${file}`);
        say(`try it: ${command}`);
      }),
    );
}

function tableOf(plugins: readonly PluginInfo[]): string[] {
  const columns = ['Kind', 'Name', 'Version', 'Digest', 'Source', 'Runs'].map((title) => ({
    title,
    align: 'left' as const,
  }));
  const rows = plugins.map(({ kind, name, version, digest, source = '', isolated }) => {
    return [kind, name, version, digest.slice(0, 12), source, isolated ? 'by itself' : 'in the engine'];
  });
  return formatTable(columns, rows);
}

/** Every module is told of, whatever becomes of the others. */
async function check(parts: DependencyContainer, path: string | undefined): Promise<void> {
  registerPluginProcesses(parts);
  const processes = parts.resolve(PluginProcesses);
  const { default: common, plugins } = parts.resolve(ConfigToken);
  const places = path === undefined ? common.pluginPath.filter((place) => place !== '') : [path];
  let checked = 0;
  const broken = (error: unknown): void => {
    process.exitCode = EXIT.failed;
    say(`broken: ${messageOf(error)}`);
  };
  for (const place of places) {
    for (const module of foundAt(place, plugins.packageDirectory, broken)) {
      checked += 1;
      try {
        const { kind, name, version, digest } = await tryModule(module, processes, parts.resolve<Logger>(Logger));
        say(`ok: ${kind} ${name} ${version} (${digest.slice(0, 12)}) ${module.file}`);
      } catch (error) {
        broken(error);
      }
    }
  }
  say(`${checked} checked.`);
}

function foundAt(place: string, packagesFrom: string, broken: (error: unknown) => void): FoundModule[] {
  try {
    const isFile = existsSync(place) && statSync(place).isFile();
    return isFile ? [moduleIn(place)] : modulesAt(place, packagesFrom);
  } catch (error) {
    broken(error);
    return [];
  }
}
