import type { ProgramOptions, ProgramResult, Programs } from '../../src/workflow/action-tools.js';

export interface Asked {
  readonly argv: readonly string[];
  readonly options: ProgramOptions;
}

type Answer = Partial<ProgramResult> | Error;

/** Programs in any order, whose answers a test writes down: by the beginning of the command line, the last one that fits. */
export class AnsweredPrograms implements Programs {
  readonly asked: Asked[] = [];
  private readonly answers: { readonly begins: string; readonly answers: Answer[] }[] = [];

  /** Several answers are given one after the other, the last one from then on. */
  on(begins: string, ...answers: Answer[]): this {
    this.answers.push({ begins, answers });
    return this;
  }

  async run(argv: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
    this.asked.push({ argv, options });
    const line = argv.join(' ');
    const known = this.answers.findLast(({ begins }) => line.startsWith(begins));
    const answer = known === undefined || known.answers.length > 1 ? known?.answers.shift() : known.answers[0];
    if (answer instanceof Error) throw answer;
    return { code: 0, signal: null, stdout: '', stderr: '', ...answer };
  }

  /** Command lines that began so. */
  lines(begins = ''): string[] {
    return this.asked.map(({ argv }) => argv.join(' ')).filter((line) => line.startsWith(begins));
  }
}
