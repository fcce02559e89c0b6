import { createRandom, type Random } from '../common/random.js';
import type { OutgoingMessage } from './broker.js';
import { decodeMessage } from './envelope.js';

/** What goes wrong between publisher and queue, decided by the seed and the order of publishes alone. */
export interface FaultSettings {
  readonly seed: number;
  /** Probability that a confirmed message vanishes. */
  readonly loss?: number;
  /** Probability that a message arrives twice. */
  readonly duplicates?: number;
  /** Probability that the publisher never learns of the confirmation, although the message was taken. */
  readonly unconfirmed?: number;
  /** Each arrival and each confirmation is late by up to so many turns of the event loop. */
  readonly delay?: { readonly maxTurns: number };
  /** Late messages may be overtaken by others of their queue. */
  readonly reorder?: boolean;
  /** Which messages are touched; absent = all. */
  readonly appliesTo?: (message: OutgoingMessage) => boolean;
}

/** What happens to one message. */
export interface Fate {
  /** One entry per copy that arrives: turns of the event loop by which it is late. */
  readonly arrivals: readonly number[];
  readonly confirmLate: number;
  readonly confirmed: boolean;
  readonly mayBeOvertaken: boolean;
}

const NO_FAULT: Fate = { arrivals: [0], confirmLate: 0, confirmed: true, mayBeOvertaken: false };
const TURNS_WHEN_ONLY_REORDERED = 4;

/** Draws the fates of messages. */
export class Faults {
  private readonly random: Random;
  private readonly maxTurns: number;

  constructor(private readonly settings: FaultSettings) {
    this.random = createRandom(settings.seed);
    this.maxTurns = settings.delay?.maxTurns ?? (settings.reorder ? TURNS_WHEN_ONLY_REORDERED : 0);
  }

  fateOf(message: OutgoingMessage): Fate {
    if (this.settings.appliesTo?.(message) === false) return NO_FAULT;
    const lost = this.happens(this.settings.loss);
    const copies = this.happens(this.settings.duplicates) ? 2 : 1;
    const confirmed = !this.happens(this.settings.unconfirmed);
    // Drawn for lost messages too: what is lost must not change the fates of the rest.
    const turns = Array.from({ length: copies }, () => this.turns());
    const confirmLate = this.turns();
    return {
      arrivals: lost ? [] : turns,
      confirmLate,
      confirmed,
      mayBeOvertaken: this.settings.reorder ?? false,
    };
  }

  private happens(probability = 0): boolean {
    return this.random.next() < probability;
  }

  private turns(): number {
    return this.random.int(this.maxTurns + 1);
  }
}

/** Whether a message is an RPC cast (no answer expected); for {@link FaultSettings.appliesTo}. */
export function isCast(message: OutgoingMessage): boolean {
  try {
    const content = decodeMessage(message);
    return 'method' in content && !('_msg_id' in content);
  } catch {
    return false;
  }
}
