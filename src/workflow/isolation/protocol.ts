import { FenixError, Stopped } from '../../common/errors.js';
import type { ActionContext, HostChange } from '../contract.js';
import type { ActionMethod } from '../plugin-checks.js';
import { sentenceOf } from '../running/sentence.js';

/* What a plug-in's process and the engine say to each other. All of it can be cloned. */

/** What of the context stays as it is while the call lasts. */
export type ContextFacts = Pick<
  ActionContext,
  | 'sessionId'
  | 'host'
  | 'type'
  | 'phase'
  | 'name'
  | 'metadata'
  | 'sessionMetadata'
  | 'attempt'
  | 'files'
  | 'localFiles'
  | 'remembered'
  | 'checked'
>;

/** What a process is told to do: to ask that plug-in … */
export interface CallOrder {
  readonly file: string;
  readonly method: ActionMethod;
  readonly facts: ContextFacts;
}

/** … or to see what it is. */
export interface CheckOrder {
  readonly file: string;
}

/** The default export of a module, as far as it can be sent. */
export interface Exported {
  /** What JSON can hold of it; null when it is no object. */
  readonly data: Readonly<Record<string, unknown>> | null;
  /** Keys of functions. */
  readonly functions: readonly string[];
}

export type CallTarget = 'clock' | 'remote' | 'local' | 'hooks' | 'memory' | 'cloud';

/** A line of the log. */
export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** What a plug-in said since it was heard last. */
export interface Told {
  /** The last part of what it printed. */
  readonly output: string;
  /** Characters before that, which were not kept. */
  readonly dropped: number;
  readonly facts: Readonly<Record<string, unknown>>;
  /** Hosts that it says have joined or left. */
  readonly changes: readonly HostChange[];
  readonly lines: readonly Line[];
  /** Lines after these, which were not kept. */
  readonly droppedLines: number;
}

export type FromPlugin =
  | {
      readonly say: 'call';
      readonly id: number;
      readonly target: CallTarget;
      readonly method: string;
      readonly args: unknown[];
    }
  | { readonly say: 'cancel'; readonly id: number }
  | { readonly say: 'told'; readonly told: Told }
  | { readonly say: 'returned'; readonly value: string | boolean; readonly told: Told }
  | { readonly say: 'threw'; readonly error: SentError; readonly told: Told }
  | { readonly say: 'exported'; readonly exported: Exported }
  | { readonly say: 'refused'; readonly error: SentError }
  /** It left an error unhandled. */
  | { readonly say: 'unhandled'; readonly message: string };

export type ToPlugin =
  | { readonly say: 'abort' }
  | { readonly say: 'heard' }
  | { readonly say: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly say: 'refusal'; readonly id: number; readonly error: SentError };

/** An error on its way: classes do not survive it. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** What makes it a FenixError. */
  readonly fenix:
    | Pick<FenixError, 'kind' | 'code' | 'field' | 'retryAfterS' | 'status' | 'requestId' | 'inDoubt'>
    | undefined;
}

const LONGEST_STACK = 4000;

/** Of whatever was thrown. */
export function toSend(thrown: unknown): SentError {
  const message = sentenceOf(thrown);
  if (!(thrown instanceof Error)) return { name: 'Error', message, stack: undefined, fenix: undefined };
  const { name, stack } = thrown;
  return { name: String(name), message, stack: stack && String(stack).slice(0, LONGEST_STACK), fenix: partsOf(thrown) };
}

function partsOf(thrown: unknown): SentError['fenix'] {
  if (!(thrown instanceof FenixError)) return undefined;
  const { kind, code, field, retryAfterS, status, requestId, inDoubt } = thrown;
  return { kind, code, field, retryAfterS, status, requestId, inDoubt };
}

export function received({ name, message, stack, fenix }: SentError): Error {
  if (name === 'Stopped') return new Stopped(message);
  const error =
    fenix === undefined ? new Error(message) : new FenixError(fenix.kind, fenix.code, message, defined(fenix));
  if (stack !== undefined) error.stack = stack;
  return error;
}

function defined(parts: NonNullable<SentError['fenix']>): object {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}
