import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { messageOf } from '../common/errors.js';
import { isObject } from '../common/is-object.js';
import { UsageError } from './exit-codes.js';
import type { CliIo } from './io.js';

/**
 * The body of a request from a file of YAML or JSON; `-` is standard input, undefined an empty body.
 * @throws UsageError naming the file
 */
export async function bodyFrom(
  file: string | undefined,
  io: Pick<CliIo, 'cwd' | 'stdin'>,
): Promise<Record<string, unknown>> {
  if (file === undefined) return {};
  const text = file === '-' ? await allOf(io.stdin) : read(resolve(io.cwd, file));
  let body: unknown;
  try {
    body = parse(text);
  } catch (error) {
    throw new UsageError(`--file ${file}: ${messageOf(error).split('\n', 1)[0]?.replace(/:$/, '')}.`);
  }
  if (isObject(body)) return body;
  throw new UsageError(`--file ${file}: must hold one object.`);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--file: ${messageOf(error)}.`);
  }
}

async function allOf(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** The values that were given, over those of the file. */
export function over(body: Readonly<Record<string, unknown>>, given: Readonly<Record<string, unknown>>): object {
  return { ...body, ...defined(given) };
}

/** What of the values was given at all. */
export function defined<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof defined<T>
  >;
}
