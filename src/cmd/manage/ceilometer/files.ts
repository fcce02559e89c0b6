import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { FenixError, messageOf } from '../../../common/errors.js';

/** Where Ceilometer has its files, if it runs on this machine. */
export interface CeilometerFiles {
  readonly definitions: string;
  readonly pipeline: string;
}

/** Where its packages, and DevStack, put them. */
export const CEILOMETER_FILES: CeilometerFiles = {
  definitions: '/etc/ceilometer/event_definitions.yaml',
  pipeline: '/etc/ceilometer/event_pipeline.yaml',
};

/** @throws FenixError `ceilometer-file`, naming the file */
export function readYaml(file: string): unknown {
  return parseYaml(file, readText(file));
}

/** @throws FenixError `ceilometer-file`, naming the file */
export function readText(file: string): string {
  return naming(file, () => readFileSync(file, 'utf8'));
}

/** @throws FenixError `ceilometer-file`, naming the file */
export function parseYaml(file: string, text: string): unknown {
  return naming(file, () => parse(text));
}

/** @throws FenixError `ceilometer-file`, naming the file, in place of whatever `work` throws */
export function naming<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new FenixError('input', 'ceilometer-file', `${file}: ${messageOf(cause)}`, { cause });
  }
}
