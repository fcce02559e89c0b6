import { Command } from 'commander';
import { container, type DependencyContainer } from 'tsyringe';
import { MachineClock } from '../common/clock.js';
import { FenixError, messageOf } from '../common/errors.js';
import { type Component, EXIT, Lifecycle, runUntilSignal } from '../common/lifecycle.js';
import { createLogger, type Logger } from '../common/logger.js';
import { type Config, defaultConfigFiles, describe, loadConfig } from '../config/index.js';
import { VERSION } from './version.js';
import { registerCore } from './wiring/core.js';

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
      const { config, log } = configure(service.name, configFile);
      registerCore(container, config, log);
      const stopWithinMs = config.default.gracefulShutdownTimeout * 1000;
      const components = service.compose(container);
      const lifecycle = new Lifecycle(components, { stopWithinMs }, container.resolve<MachineClock>(MachineClock), log);
      process.exit(await runUntilSignal(lifecycle));
    });
  });
  await command.parseAsync();
}

/** A command with what all executables take. */
export function baseCommand(name: string, about: string): Command {
  return new Command(name)
    .description(about)
    .version(VERSION)
    .option(
      '--config-file <file>',
      'configuration file; may be repeated, later ones win (default: those in /etc/fenix)',
      (file: string, files: string[]) => [...files, file],
      [] as string[],
    );
}

/** @throws FenixError `config-invalid` and the like */
export function configure(program: string, configFiles: readonly string[]): { config: Config; log: Logger } {
  const files = configFiles.length > 0 ? configFiles : defaultConfigFiles(program);
  const { config, warnings } = loadConfig({ configFiles: files, env: process.env });
  const { debug, logLevel, logFormat } = config.default;
  const log = createLogger({ level: debug ? 'debug' : logLevel, format: logFormat });
  for (const warning of warnings) log.warn({}, warning);
  log.debug({ options: describe(config) }, 'configuration');
  return { config, log };
}

/** What is wrong with the caller's input or surroundings is a sentence and an exit code, not a stack trace. */
export async function refusing(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    if (!(error instanceof FenixError)) process.stderr.write(`${(error as Error).stack}\n`);
    process.exitCode = EXIT.failed;
  }
}
