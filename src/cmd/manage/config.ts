import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { sample } from '../../config/index.js';
import { refusing } from '../command-line.js';

export function addConfig(program: Command): void {
  program
    .command('config')
    .description('the configuration')
    .command('sample')
    .description('write a sample of fenix.conf with every option')
    .option('-o, --output <file>', 'write it there instead of standard output')
    .action(({ output }: { output?: string }) =>
      refusing(async () => {
        if (output === undefined) process.stdout.write(sample());
        else writeFileSync(output, sample());
      }),
    );
}
