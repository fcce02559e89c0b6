import { isObject } from '../common/is-object.js';

/** What a field of an answer must be for its reader: `objects` and `texts` are lists of them. */
export type Kind = 'text' | 'object' | 'objects' | 'texts';

/** Fields of an answer, at any depth; others may be there, too. */
export interface Shape {
  readonly [field: string]: Kind | Shape;
}

const WORDS: Readonly<Record<Kind, string>> = {
  text: 'text',
  object: 'an object',
  objects: 'a list of objects',
  texts: 'a list of text',
};

/** What is wrong with an answer, e.g. `without sessions, which must be a list of objects`; undefined = nothing. */
export function shapeProblem(answer: Readonly<Record<string, unknown>>, shape: Shape, at = ''): string | undefined {
  for (const [field, wanted] of Object.entries(shape)) {
    const value = answer[field];
    const kind = typeof wanted === 'string' ? wanted : 'object';
    if (!isOfKind(value, kind)) return `without ${at}${field}, which must be ${WORDS[kind]}`;
    if (typeof wanted === 'string' || !isObject(value)) continue;
    const problem = shapeProblem(value, wanted, `${at}${field}.`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isOfKind(value: unknown, kind: Kind): boolean {
  if (kind === 'text') return typeof value === 'string';
  if (kind === 'object') return isObject(value);
  return Array.isArray(value) && value.every((one) => (kind === 'objects' ? isObject(one) : typeof one === 'string'));
}
