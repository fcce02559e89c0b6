import { dirname, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { FenixError, messageOf } from '../common/errors.js';
import { EXIT } from '../common/lifecycle.js';
import { createLogger, type Logger } from '../common/logger.js';
import { escapeUnsafe } from '../common/unsafe-text.js';
import { type Config, defaultConfigFiles, describe, loadConfig, type Values } from '../config/index.js';
import { VERSION } from './version.js';

/** A command with what all executables take. */
export function baseCommand(name: string, about: string): Command {
  return new Command(name)
    .description(about)
    .version(VERSION)
    .addOption(
      new Option('--config-file <file>', 'configuration file; may be repeated, later ones win')
        .default([], `/etc/fenix/fenix.conf and /etc/fenix/${name}.conf, if they exist`)
        .argParser((file: string, files: string[]) => [...files, file]),
    );
}

export interface Configured {
  readonly config: Config;
  readonly log: Logger;
  /** Sentences about sections and options that nobody knows. */
  readonly warnings: readonly string[];
  /** Where files with relative names are looked for: beside the last configuration file. */
  readonly directory: string;
}

const CONFIG_DIRECTORY = '/etc/fenix';

/** @throws FenixError `config-invalid` and the like */
export function configure(program: string, configFiles: readonly string[], defaults: Values = {}): Configured {
  const files = configFiles.length > 0 ? configFiles : defaultConfigFiles(program);
  const { config, warnings } = loadConfig({ configFiles: files, env: process.env, defaults });
  const { debug, logLevel, logFormat } = config.default;
  const log = createLogger({ level: debug ? 'debug' : logLevel, format: logFormat });
  for (const warning of warnings) log.warn({}, warning);
  log.debug({ options: describe(config) }, 'configuration');
  const last = files.at(-1);
  return { config, log, warnings, directory: last === undefined ? CONFIG_DIRECTORY : dirname(resolve(last)) };
}

/** What is wrong with the caller's input or surroundings is a sentence and an exit code, not a stack trace. */
export async function refusing(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.stderr.write(`${escapeUnsafe(messageOf(error))}\n`);
    if (!(error instanceof FenixError)) process.stderr.write(`${(error as Error).stack}\n`);
    process.exitCode = EXIT.failed;
  }
}
