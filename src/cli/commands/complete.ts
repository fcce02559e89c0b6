import { Argument, type Command } from 'commander';
import { commandsOf, SHELLS, type Shell, scriptFor } from '../completion.js';
import type { CliContext } from '../context.js';

/** `fenix complete bash|zsh|fish` */
export function addComplete(program: Command, context: CliContext): void {
  program
    .command('complete')
    .description('write a script that completes command lines: source <(fenix complete bash)')
    .addArgument(new Argument('<shell>', 'which').choices(SHELLS))
    .action((shell: Shell) => void context.io.stdout.write(scriptFor(shell, commandsOf(program))));
}
