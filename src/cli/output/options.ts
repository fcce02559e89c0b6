import { type Command, Option } from 'commander';
import { FORMATS, type Format } from './render.js';

/** How the answer of a command is shown. */
export interface OutputOptions {
  readonly format: Format;
  readonly column: readonly string[];
}

/** `-f` and `-c`, as OpenStack's clients have them. */
export function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('-f, --format <format>', 'how to show it').choices(FORMATS).default('table'))
    .addOption(
      new Option('-c, --column <name>', 'show only this one; may be repeated').default([], 'all').argParser(collect),
    );
}

/** Gathers an option that may be repeated. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}
