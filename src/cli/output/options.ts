import { type Command, Option } from 'commander';
import type { CliIo } from '../io.js';
import { wholeNumber } from '../parse.js';
import { FORMATS, type Format } from './render.js';

const MAX_WIDTH = 'CLIFF_MAX_TERM_WIDTH';
const FIT_WIDTH = 'CLIFF_FIT_WIDTH';
const USUAL_WIDTH = 80;

/** How the answer of a command is shown. */
export interface OutputOptions {
  readonly format: Format;
  readonly column: readonly string[];
  readonly maxWidth?: number;
  readonly fitWidth?: true;
}

/** `-f`, `-c`, `--max-width` and `--fit-width`, as OpenStack's clients (cliff) have them. */
export function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('-f, --format <format>', 'how to show it').choices(FORMATS).default('table'))
    .addOption(
      new Option('-c, --column <name>', 'show only this one; may be repeated').default([], 'all').argParser(collect),
    )
    .addOption(
      new Option(
        '--max-width <columns>',
        `how wide tables may be, 0 = any width; default: the terminal, if there is one [${MAX_WIDTH}]`,
      ).argParser(wholeNumber(0, 10_000)),
    )
    .option('--fit-width', `as wide as the terminal also in a pipe: COLUMNS, else 80 [${FIT_WIDTH}]`);
}

/** Columns that a table may take. */
export function tableWidth(
  { maxWidth, fitWidth }: Pick<OutputOptions, 'maxWidth' | 'fitWidth'>,
  { stdout, env }: Pick<CliIo, 'stdout' | 'env'>,
): number {
  const most = maxWidth ?? (Number(env[MAX_WIDTH]) || undefined);
  if (most !== undefined) return most > 0 ? most : Number.POSITIVE_INFINITY;
  const isTerminal = stdout.isTTY === true;
  const isFitted = isTerminal || fitWidth === true || Number(env[FIT_WIDTH]) > 0;
  if (!isFitted) return Number.POSITIVE_INFINITY;
  return Number(env.COLUMNS) || (isTerminal && stdout.columns) || USUAL_WIDTH;
}

/** Gathers an option that may be repeated. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}
