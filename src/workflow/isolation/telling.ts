import { FenixError } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { Tail } from '../../common/tail.js';
import type { HostChange } from '../contract.js';
import { withFacts } from '../running/facts.js';
import type { Line, Told } from './protocol.js';

const KEPT_CHARACTERS = 16 * 1024;
const KEPT_LINES = 20;
const MOST_OF_FIELDS = 8 * 1024;
const MOST_OF_MESSAGE = 2000;

/**
 * What a plug-in says on its way to the engine: one message at a time, the next when that was heard. Whoever says more
 * meanwhile than is kept of it loses the older part, here, in its own memory.
 */
export class Telling {
  private tail = new Tail(KEPT_CHARACTERS);
  private facts: Readonly<Record<string, unknown>> = {};
  private factsAreNew = false;
  private changes: HostChange[] = [];
  private lines: Line[] = [];
  private droppedLines = 0;
  private isUnderWay = false;

  constructor(private readonly send: (told: Told) => void) {}

  readonly output = (text: string): void => {
    this.tail.add(String(text));
    this.flush();
  };

  readonly record = (facts: Readonly<Record<string, unknown>>): void => {
    this.facts = withFacts(this.facts, facts);
    this.factsAreNew = true;
    this.flush();
  };

  readonly changed = (change: HostChange): void => {
    this.changes.push(changeOf(change));
    this.flush();
  };

  logger(bound: object = {}): Logger {
    const at =
      (level: Line['level']) =>
      (fields: object, message: string): void =>
        this.log(level, { ...bound, ...fields }, message);
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => this.logger({ ...bound, ...fields }),
    };
  }

  /** The last message arrived. */
  heard(): void {
    this.isUnderWay = false;
    this.flush();
  }

  /** Takes what was not told yet. */
  rest(): Told {
    const { text, dropped } = this.tail.after(0);
    const { changes, lines, droppedLines } = this;
    const facts = this.factsAreNew ? this.facts : {};
    this.tail = new Tail(KEPT_CHARACTERS);
    this.factsAreNew = false;
    this.changes = [];
    this.lines = [];
    this.droppedLines = 0;
    return { output: text, dropped, facts, changes, lines, droppedLines };
  }

  private log(level: Line['level'], fields: object, message: string): void {
    if (this.lines.length >= KEPT_LINES) this.droppedLines += 1;
    else this.lines.push({ level, fields: plain(fields), message: String(message).slice(0, MOST_OF_MESSAGE) });
    this.flush();
  }

  private flush(): void {
    const nothing = this.tail.length === 0 && !this.factsAreNew && this.lines.length + this.changes.length === 0;
    if (this.isUnderWay || nothing) return;
    this.isUnderWay = true;
    this.send(this.rest());
  }
}

/** @throws FenixError `change` when it is none that there is */
function changeOf(change: HostChange): HostChange {
  const { kind, host, enabled } = Object(change) as
    | Partial<Extract<HostChange, { kind: 'added' }>>
    | { kind: 'removed'; host?: never; enabled?: never };
  if (kind === 'removed') return { kind };
  if (kind === 'added' && typeof host === 'string' && typeof enabled === 'boolean') return { kind, host, enabled };
  const allowed = "{ kind: 'added', host, enabled } or { kind: 'removed' }";
  throw new FenixError('input', 'change', `A change of hosts must be ${allowed}.`);
}

/** What a log line can say of them. */
function plain(fields: object): Readonly<Record<string, unknown>> {
  try {
    const text = JSON.stringify(fields, (_key, value) =>
      value instanceof Error ? { message: value.message, stack: value.stack } : value,
    );
    if (text.length <= MOST_OF_FIELDS) return JSON.parse(text);
    return { fields: `not kept: they have more than ${MOST_OF_FIELDS} characters` };
  } catch {
    return { fields: 'not kept: they are no JSON' };
  }
}
