import { FenixError } from '../../src/common/errors.js';
import type { ProgramOptions, ProgramResult, Programs } from '../../src/workflow/action-tools.js';
import type { ActionContext } from '../../src/workflow/contract.js';
import { repeatedly } from './patience.js';

/** Domain seconds between tries to reach a host that could not be reached. */
const WAITS_S = [5, 20];

/** As `programs`, but what did not come to run for a reason that may pass is tried three times. */
export function insisting(context: ActionContext, programs: Programs): Programs {
  const mayPass = (error: FenixError): boolean => error.retryable && !error.inDoubt;
  return { run: (argv, options) => repeatedly(context, () => programs.run(argv, options), mayPass, WAITS_S) };
}

/** What it printed. @throws FenixError `code` with a sentence when its exit status is not 0 */
export async function outputOf(
  programs: Programs,
  host: string,
  code: string,
  argv: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const result = await programs.run(argv, options);
  if (result.code !== 0) throw failureOf(host, code, argv, result);
  return result.stdout;
}

/** The sentence of a program that ran and did not succeed. */
export function failureOf(host: string, code: string, argv: readonly string[], result: ProgramResult): FenixError {
  const { code: status, signal } = result;
  const how = status === null ? `was ended by ${signal}` : `ended with exit code ${status}`;
  return new FenixError('terminal', code, `${shown(argv)} ${how} on ${host}${wordsOf(result)}`);
}

/** A program as people would type it, shortened. */
function shown(argv: readonly string[]): string {
  const text = argv.join(' ').replaceAll(/\s+/g, ' ');
  return text.length <= 100 ? text : `${text.slice(0, 99)}…`;
}

/** What a program said last, which mostly is why. */
export function wordsOf({ stdout, stderr }: Pick<ProgramResult, 'stdout' | 'stderr'>): string {
  const lines = `${stdout}\n${stderr}`.split('\n').flatMap((line) => line.trim() || []);
  const errors = lines.filter((line) => /^(E:|error|fatal|dpkg: error)/i.test(line));
  const last = (errors.length > 0 ? errors : lines).slice(-2).join(' ');
  return last === '' ? '.' : `: ${last.slice(-300)}`;
}
