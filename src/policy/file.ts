import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, LineCounter, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { FenixError, messageOf } from '../common/errors.js';
import type { Check } from './check.js';
import { parseRule, RuleSyntaxError } from './parse.js';

/** A rule as a file has it. */
export interface FileRule {
  readonly name: string;
  readonly check: Check;
  /** For messages, as in `/etc/fenix/policy.yaml, line 3`. */
  readonly origin: string;
}

/** A policy file that cannot be used, with a sentence per line of the message. */
export class BadPolicyFile extends FenixError {
  constructor(sentences: readonly string[]) {
    super('input', 'policy-invalid', sentences.join('\n'));
  }
}

/**
 * The rules of a policy file: YAML or JSON, a map from names to rules.
 * @throws BadPolicyFile naming file and line of everything that is wrong with it
 */
export function readPolicyFile(file: string): FileRule[] {
  return parsePolicy(textOf(file), file);
}

/** @param file its name, for messages */
export function parsePolicy(text: string, file: string): FileRule[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => `${file}, line ${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    throw new BadPolicyFile(document.errors.map((error) => `${place(error.pos[0])}: ${error.message}.`));
  }
  const { contents } = document;
  // A file of nothing but comments, as the sample.
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  if (!isMap(contents)) throw new BadPolicyFile([`${file}: a policy file has names and rules, as in "name": "rule".`]);
  return rulesOf(contents, place);
}

function rulesOf(contents: YAMLMap, place: (offset: number) => string): FileRule[] {
  const complaints: string[] = [];
  const rules = contents.items.flatMap((pair: Pair): FileRule[] => {
    const name = isScalar(pair.key) ? String(pair.key.value) : '';
    const origin = place((isScalar(pair.key) && pair.key.range?.[0]) || 0);
    try {
      const value: unknown = isNode(pair.value) ? pair.value.toJSON() : undefined;
      return [{ name, check: parseRule(value), origin }];
    } catch (error) {
      if (!(error instanceof RuleSyntaxError)) throw error;
      complaints.push(`${origin}: rule "${name}" is not understood: ${error.message}.`);
      return [];
    }
  });
  if (complaints.length > 0) throw new BadPolicyFile(complaints);
  return rules;
}

function isNode(value: unknown): value is { toJSON(): unknown } {
  return typeof value === 'object' && value !== null && 'toJSON' in value;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new BadPolicyFile([`Policy file ${file} cannot be read: ${messageOf(cause)}.`]);
  }
}

/** The file, if it is there, then those of the directories, by name; hidden ones do not count (as oslo.policy). */
export function policyFiles(file: string | undefined, directories: readonly string[]): string[] {
  const inDirectories = directories.flatMap((directory) =>
    namesIn(directory)
      .filter((name) => !name.startsWith('.'))
      .sort()
      .map((name) => join(directory, name)),
  );
  return [...(file === undefined ? [] : [file]), ...inDirectories].filter((path) =>
    statSync(path, { throwIfNoEntry: false })?.isFile(),
  );
}

function namesIn(directory: string): string[] {
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(directory) : [];
}

/** Changes when a file was written, came or went. */
export function fingerprintOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return `${file} ${found?.mtimeMs} ${found?.size} ${found?.ino}`;
    })
    .join('\n');
}
