import { isObject } from '../../common/is-object.js';
import { malformed, type Refusal } from '../errors.js';
import { parseDuration } from './duration.js';

/** Something that was understood although it was not written as the contract wants it; for the log. */
export interface Conversion {
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Control characters would not come back from every database. */
const CONTROL = /\p{Cc}/u;
const LONGEST_LIST = 1000;
const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;

/**
 * Reads the fields of a constraint with the tolerance that existing managers need (v1 §1.3 j): numbers and booleans as
 * text, blanks and one trailing comma around any scalar. Absent and null are the same. Unknown keys are never looked at.
 * Every reader throws Refusal 400 naming the field.
 */
export class TolerantFields {
  constructor(
    private readonly body: object,
    readonly conversions: Conversion[] = [],
    private readonly path = '',
  ) {}

  /** @param most characters */
  text(key: string, most: number): string | null {
    const value = this.scalar(key);
    if (value === null) return null;
    if (typeof value !== 'string') throw this.refuse(key, 'must be a string');
    if ([...value].length > most) throw this.refuse(key, `must have at most ${most} characters`);
    if (CONTROL.test(value)) throw this.refuse(key, 'must not have control characters in it');
    return value;
  }

  integer(key: string, least: number, most: number): number | null {
    const value = this.scalar(key);
    const number = typeof value === 'string' && NUMBER.test(value) ? Number(value) : value;
    if (number === null) return null;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < least || number > most) {
      throw this.refuse(key, `must be an integer from ${least} to ${most}`);
    }
    return this.converted(key, number);
  }

  flag(key: string): boolean | null {
    const value = this.scalar(key);
    const word = typeof value === 'string' ? value.toLowerCase() : value;
    const flag = word === 'true' ? true : word === 'false' ? false : word;
    if (flag === null) return null;
    if (typeof flag !== 'boolean') throw this.refuse(key, 'must be true or false');
    return this.converted(key, flag);
  }

  /** @param meanings every word that is understood, with what it means */
  choice<T extends string>(key: string, meanings: Readonly<Record<string, T>>): T | null {
    const value = this.scalar(key);
    return value === null ? null : this.meant(key, value, meanings);
  }

  /** ETSI's durations: a number of seconds or TOSCA text. @returns seconds, with fractions */
  duration(key: string, mostS: number): number | null {
    const value = this.scalar(key);
    if (value === null) return null;
    const seconds = parseDuration(value);
    if (seconds === undefined || seconds > mostS) {
      throw this.refuse(key, `must be a duration, in seconds or like "30 s", of at most ${mostS} s`);
    }
    return this.converted(key, seconds);
  }

  /** A list of words, doubles dropped. */
  choices<T extends string>(key: string, meanings: Readonly<Record<string, T>>): T[] | null {
    const list = this.list(key);
    if (list === null) return null;
    const words = list.map((item, i) => this.meant(`${key}[${i}]`, this.tidy(`${key}[${i}]`, item), meanings));
    return [...new Set(words)];
  }

  /** A list of objects, each with fields of its own. */
  rows(key: string): TolerantFields[] | null {
    const list = this.list(key);
    if (list === null) return null;
    return list.map((row, i) => {
      if (!isObject(row)) throw this.refuse(`${key}[${i}]`, 'must be an object');
      return new TolerantFields(row, this.conversions, `${this.path}${key}[${i}].`);
    });
  }

  refuse(key: string, sentence: string): Refusal {
    return malformed(`${this.path}${key}`, `${this.path}${key} ${sentence}.`);
  }

  private list(key: string): readonly unknown[] | null {
    const value = this.raw(key);
    if (value === null) return null;
    if (!Array.isArray(value) || value.length > LONGEST_LIST) {
      throw this.refuse(key, `must be a list of at most ${LONGEST_LIST}`);
    }
    return value;
  }

  private meant<T extends string>(field: string, value: unknown, meanings: Readonly<Record<string, T>>): T {
    const word = String(value);
    const meaning = typeof value === 'string' && Object.hasOwn(meanings, word) ? meanings[word] : undefined;
    if (meaning === undefined) {
      throw this.refuse(field, `must be one of ${[...new Set(Object.values(meanings))].join(', ')}`);
    }
    if (meaning !== word) this.note(field, word, meaning);
    return meaning;
  }

  private scalar(key: string): unknown {
    return this.tidy(key, this.raw(key));
  }

  /** Without blanks and one trailing comma around it. */
  private tidy(field: string, value: unknown): unknown {
    if (typeof value !== 'string') return value;
    const tidied = value.trim().replace(/,$/, '').trim();
    if (tidied !== value) this.note(field, value, tidied);
    return tidied;
  }

  private raw(key: string): unknown {
    return Object.hasOwn(this.body, key) ? ((this.body as Record<string, unknown>)[key] ?? null) : null;
  }

  private converted<T>(key: string, to: T): T {
    const from = this.raw(key);
    if (from !== to) this.note(key, from, to);
    return to;
  }

  /** One line per field: the last conversion tells all. */
  private note(key: string, from: unknown, to: unknown): void {
    const field = `${this.path}${key}`;
    const known = this.conversions.findIndex((conversion) => conversion.field === field);
    if (known >= 0) this.conversions.splice(known, 1);
    this.conversions.push({ field, from, to });
  }
}

/** @throws Refusal 400 unless `body` is an object */
export function fieldsOf(body: unknown): TolerantFields {
  if (!isObject(body)) throw malformed(null, 'The body must be an object.');
  return new TolerantFields(body);
}
