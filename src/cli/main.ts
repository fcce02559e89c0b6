import { type Command, CommanderError } from 'commander';
import { escapeUnsafe } from '../common/unsafe-text.js';
import { CLI_EXIT, exitCodeFor } from './exit-codes.js';
import type { CliIo } from './io.js';
import { fenixProgram } from './program.js';
import { sentenceOf } from './sentence.js';

/**
 * One command line of `fenix`, without the program's name. Answers go to standard output, everything else to standard
 * error. Never rejects.
 * @returns the exit code
 */
export async function runFenix(args: readonly string[], io: CliIo): Promise<number> {
  const program = fenixProgram(io);
  speakThrough(program, io);
  try {
    await program.parseAsync(args, { from: 'user' });
    return CLI_EXIT.ok;
  } catch (error) {
    // The parser has said already what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? CLI_EXIT.ok : CLI_EXIT.usage;
    if (io.signal.aborted) return CLI_EXIT.interrupted;
    const sentence = sentenceOf(error);
    if (sentence !== '') io.stderr.write(`fenix: ${sentence}\n`);
    return exitCodeFor(error);
  }
}

/** What is set of a command before its own commands are there is passed on to them; they are there already. */
function speakThrough(command: Command, io: CliIo): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => void io.stdout.write(text),
    // What was typed comes back in it.
    writeErr: (text) => void io.stderr.write(escapeUnsafe(text)),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  for (const one of command.commands) speakThrough(one, io);
}
