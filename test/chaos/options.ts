import { Command } from 'commander';
import { wholeNumber } from '../../src/cli/parse.js';

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
}

/** The command line. Bad values end the process with a sentence and exit code 1. */
export function parseOptions(argv: readonly string[]): ChaosOptions {
  const program = new Command('npm run test:chaos --')
    .description(
      'Sessions on a simulated cloud while engines, APIs, MariaDB and RabbitMQ are killed and the cloud fails.',
    )
    .option(
      '--minutes <n>',
      'no wave begins that would not end within them; at least one is run',
      wholeNumber(1, 1440),
      3,
    )
    .option(
      '--seed <n>',
      'of the first wave; the next ones have the numbers after it',
      wholeNumber(0, 2 ** 31),
      drawn(),
    );
  program.parse(argv, { from: 'user' });
  return program.opts<ChaosOptions>();
}

function drawn(): number {
  return Math.floor(Math.random() * 1_000_000);
}
