import { FenixError } from '../../common/errors.js';
import type { ProgramOptions, ProgramResult, Programs } from '../action-tools.js';

/** One program that a plug-in is expected to run, and what it answers. */
export interface ScriptedProgram extends Partial<ProgramResult> {
  /** All of it, or what it begins with. */
  readonly argv: readonly string[];
  /** It could not be run. */
  readonly error?: Error;
}

/** A program that was run. */
export interface RanProgram {
  readonly argv: readonly string[];
  readonly options: ProgramOptions;
}

/** Answers programs by a script, in its order; whatever else is run fails and is named. */
export class ScriptedPrograms implements Programs {
  readonly ran: RanProgram[] = [];

  /** @param print gets what programs print, as the engine gives it to the run's output */
  constructor(
    private readonly script: readonly ScriptedProgram[],
    private readonly print: (text: string) => void = () => undefined,
  ) {}

  /** What the script has that was not run. */
  get left(): readonly ScriptedProgram[] {
    return this.script.slice(this.ran.length);
  }

  async run(argv: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
    const [expected] = this.left;
    if (expected === undefined || !expected.argv.every((element, i) => element === argv[i])) {
      const told = expected === undefined ? 'no more program' : JSON.stringify(expected.argv);
      const message = `The plug-in ran ${JSON.stringify(argv)}; the script has ${told}.`;
      throw new FenixError('terminal', 'test-script', message);
    }
    this.ran.push({ argv, options });
    if (expected.error !== undefined) throw expected.error;
    const { code = 0, signal = null, stdout = '', stderr = '' } = expected;
    if (options.quiet !== true) this.print(stdout + stderr);
    return { code, signal, stdout, stderr };
  }
}
