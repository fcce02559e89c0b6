import { readFileSync } from 'node:fs';
import { FenixError, messageOf } from './errors.js';

/**
 * TLS options that trust the authorities of a PEM file in place of Node's; none for an empty name.
 * @param option that names the file, for the sentence
 * @throws FenixError `config-invalid` for a file that cannot be read
 */
export function trusting(file: string, option: string): { readonly ca?: Buffer } {
  if (file === '') return {};
  try {
    return { ca: readFileSync(file) };
  } catch (cause) {
    throw new FenixError('input', 'config-invalid', `Option ${option}: ${messageOf(cause)}.`, { cause });
  }
}
