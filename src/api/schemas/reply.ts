import { NOTICE_STATES, type NoticeState } from '../../model/index.js';
import { malformed } from '../errors.js';
import { shapeOf } from './validator.js';

interface ReplyBody {
  readonly state?: string | null;
  readonly defer_seconds?: number;
  readonly instance_actions?: Readonly<Record<string, string>> | null;
  readonly instance_action?: string | null;
}

/** A reply, well-formed (v1 §1.2); `kind` defer asks for more time. */
export interface ParsedReply {
  readonly kind: 'ACK' | 'NACK' | 'DEFER';
  /** Null when a deferral names none. */
  readonly state: NoticeState | null;
  /** Null unless `kind` is DEFER. */
  readonly deferSeconds: number | null;
  readonly instanceActions: Readonly<Record<string, string>>;
  readonly instanceAction: string | null;
}

/** All other keys are ignored, never validated. */
const shape = shapeOf<ReplyBody>({
  type: 'object',
  properties: {
    state: { type: ['string', 'null'] },
    defer_seconds: { type: 'integer', minimum: 1 },
    instance_actions: { type: ['object', 'null'], additionalProperties: { type: 'string' } },
    instance_action: { type: ['string', 'null'] },
  },
});

/** @throws Refusal 400 naming the field */
export function parseReply(body: unknown): ParsedReply {
  const { state = null, defer_seconds: deferS, instance_actions, instance_action } = shape(body);
  const answer = state === null ? null : parseState(state);
  if (answer === null && deferS === undefined) throw malformed('state', 'state is missing.');
  if (answer !== null && (answer.kind === 'DEFER') !== (deferS !== undefined)) {
    throw malformed('defer_seconds', 'defer_seconds and DEFER_… need each other and go with no ACK_ or NACK_.');
  }
  return {
    kind: answer?.kind ?? 'DEFER',
    state: answer?.state ?? null,
    deferSeconds: deferS ?? null,
    instanceActions: instance_actions ?? {},
    instanceAction: instance_action ?? null,
  };
}

function parseState(text: string): Pick<ParsedReply, 'kind' | 'state'> {
  const [kind, ...rest] = text.split('_');
  const state = NOTICE_STATES.find((known) => known === rest.join('_'));
  if (state !== undefined && (kind === 'ACK' || kind === 'NACK' || kind === 'DEFER')) return { kind, state };
  throw malformed('state', `state must be ACK_ or NACK_ and one of ${NOTICE_STATES.join(', ')}.`);
}
