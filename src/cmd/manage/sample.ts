import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { refusing } from '../command-line.js';

/** A command `sample` that writes a text made from the code. */
export function addSample(parent: Command, about: string, sample: () => string): void {
  parent
    .command('sample')
    .description(about)
    .option('-o, --output <file>', 'write it there instead of standard output')
    .action(({ output }: { output?: string }) =>
      refusing(async () => {
        if (output === undefined) process.stdout.write(sample());
        else writeFileSync(output, sample());
      }),
    );
}
