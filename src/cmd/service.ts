import { container, type DependencyContainer } from 'tsyringe';
import { MachineClock } from '../common/clock.js';
import { type Component, Lifecycle, runUntilSignal } from '../common/lifecycle.js';
import { serviceManager } from '../common/service-manager.js';
import { baseCommand, configure, refusing } from './command-line.js';
import { ConfigDirectoryToken, registerCore } from './wiring/core.js';

export interface ServiceDescription {
  readonly name: 'fenix-api' | 'fenix-engine';
  readonly about: string;
  /** Registers what the service is made of and says what is started, in order. */
  compose(container: DependencyContainer): Component[];
}

/** Runs a service from its command line to its end, and sets the exit code. Says in one sentence why it can't start. */
export async function runService(service: ServiceDescription): Promise<void> {
  const command = baseCommand(service.name, service.about).action(async ({ configFile }: { configFile: string[] }) => {
    await refusing(async () => {
      const { config, log, directory } = configure(service.name, configFile);
      registerCore(container, config, log);
      container.registerInstance(ConfigDirectoryToken, directory);
      const stopWithinMs = config.default.gracefulShutdownTimeout * 1000;
      const clock = container.resolve<MachineClock>(MachineClock);
      const components = [...service.compose(container), serviceManager(process.env, clock, log)];
      const lifecycle = new Lifecycle(components, { stopWithinMs }, clock, log);
      process.exit(await runUntilSignal(lifecycle));
    });
  });
  await command.parseAsync();
}
