import { NOTICE_STATES, type NoticeState } from '../../model/index.js';
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

const ANSWER = NOTICE_STATES.flatMap((state) => [`ACK_${state}`, `NACK_${state}`, `DEFER_${state}`]);
/** A state that is there and begins so. */
const stateLike = (pattern: string) => ({
  required: ['state'],
  properties: { state: { type: 'string', pattern } },
});

/* biome-ignore-start lint/suspicious/noThenProperty: the word of JSON schema */
/** Body of PUT /v1/maintenance/{sid}/{project_id}[/{instance_id}]. All other keys are ignored, never validated. */
export const REPLY_BODY = {
  type: 'object',
  properties: {
    state: {
      type: ['string', 'null'],
      enum: [...ANSWER, null],
      description: 'The answer, and the state of the notice',
    },
    defer_seconds: { type: 'integer', minimum: 1, description: 'More time, instead of yes or no' },
    instance_actions: {
      type: ['object', 'null'],
      additionalProperties: { type: 'string' },
      description: 'How instances leave their host, by id; of those that the notice allows',
    },
    instance_action: { type: ['string', 'null'], description: 'The same for all instances of the notice' },
  },
  allOf: [
    { if: stateLike('^N?ACK_'), then: { properties: { defer_seconds: false } } },
    { if: stateLike('^DEFER_'), then: { required: ['defer_seconds'] } },
    {
      if: { not: { required: ['defer_seconds'] } },
      then: { required: ['state'], properties: { state: { type: 'string' } } },
    },
  ],
};
/* biome-ignore-end lint/suspicious/noThenProperty: the word of JSON schema */

const shape = shapeOf<ReplyBody>(REPLY_BODY);

/** @throws Refusal 400 naming the field */
export function parseReply(body: unknown): ParsedReply {
  const { state = null, defer_seconds: deferS, instance_actions, instance_action } = shape(body);
  const answer = state === null ? null : wordsOf(state);
  return {
    kind: answer?.kind ?? 'DEFER',
    state: answer?.state ?? null,
    deferSeconds: deferS ?? null,
    instanceActions: instance_actions ?? {},
    instanceAction: instance_action ?? null,
  };
}

/** `ACK_MAINTENANCE` is an ACK to MAINTENANCE. */
function wordsOf(text: string): Pick<ParsedReply, 'kind' | 'state'> {
  const end = text.indexOf('_');
  return { kind: text.slice(0, end) as ParsedReply['kind'], state: text.slice(end + 1) as NoticeState };
}
