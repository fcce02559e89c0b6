import type { DependencyContainer } from 'tsyringe';
import { MachineClock } from '../../common/clock.js';
import { Logger } from '../../common/logger.js';
import { PluginProcesses } from '../../workflow/isolation/plugin-processes.js';
import { type LoaderOptions, loadPlugins } from '../../workflow/loader.js';
import type { PluginRegistry } from '../../workflow/registry.js';
import { ConfigToken, once } from './core.js';

/** Where plug-ins of others run. */
export function registerPluginProcesses(container: DependencyContainer): void {
  once(container, PluginProcesses, (c) => {
    const { isolation, memory, grace, loadTimeout } = c.resolve(ConfigToken).plugins;
    const settings = { isolation, memoryMiB: memory, graceS: grace, loadTimeoutS: loadTimeout };
    return new PluginProcesses(settings, c.resolve<MachineClock>(MachineClock));
  });
}

/**
 * All plug-ins of the configuration; {@link registerPluginProcesses} comes before.
 * @throws FenixError naming each that cannot be used, where that is to stop whoever asks
 */
export function configuredPlugins(
  container: DependencyContainer,
  onError?: LoaderOptions['onError'],
): Promise<PluginRegistry> {
  const { default: common, plugins } = container.resolve(ConfigToken);
  return loadPlugins(common.pluginPath, container.resolve<Logger>(Logger), {
    packagesFrom: plugins.packageDirectory,
    onError: onError ?? plugins.onError,
    processes: container.resolve(PluginProcesses),
  });
}
