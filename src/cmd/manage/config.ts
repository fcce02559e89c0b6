import type { Command } from 'commander';
import { sample } from '../../config/index.js';
import { addSample } from './sample.js';

export function addConfig(program: Command): void {
  const config = program.command('config').description('the configuration');
  addSample(config, 'write a sample of fenix.conf with every option', sample);
}
