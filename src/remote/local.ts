import type { MachineClock } from '../common/clock.js';
import { Tail } from '../common/tail.js';
import { KEPT_OUTPUT, type ProgramOptions, type ProgramResult, type Programs } from '../workflow/action-tools.js';
import { runChild } from './child.js';
import { checkedEnvironment, ownEnvironment } from './environment.js';
import { refusing } from './refusing.js';

/** Programs on the engine's machine, for plug-ins that the configuration names. */
export class LocalPrograms {
  constructor(
    /** Names of plug-ins. */
    private readonly allowed: readonly string[],
    private readonly machine: MachineClock,
  ) {}

  for(plugin: string, signal: AbortSignal, output: (text: string) => void): Programs {
    if (!this.allowed.includes(plugin)) {
      const sentence = `Plug-in ${plugin} may not run programs on the engine’s machine: run_locally in section [plugins] does not name it.`;
      return refusing('local-not-allowed', sentence);
    }
    return { run: (argv, options) => this.run(argv, options, signal, output) };
  }

  private async run(
    argv: readonly string[],
    { timeoutS, input = '', env, quiet = false, directory = '/' }: ProgramOptions = {},
    signal: AbortSignal,
    output: (text: string) => void,
  ): Promise<ProgramResult> {
    const stdout = new Tail(KEPT_OUTPUT);
    const stderr = new Tail(KEPT_OUTPUT);
    const keeping = (tail: Tail) => (text: string) => {
      tail.add(text);
      if (!quiet) output(text);
    };
    const end = await runChild({
      argv,
      env: { ...ownEnvironment(), ...checkedEnvironment(env) },
      directory,
      input,
      timeoutS,
      signal,
      machine: this.machine,
      stdout: keeping(stdout),
      stderr: keeping(stderr),
    });
    return { ...end, stdout: stdout.kept, stderr: stderr.kept };
  }
}
