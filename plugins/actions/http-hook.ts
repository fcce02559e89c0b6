import { createHash } from 'node:crypto';
import { plusSeconds } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import type { SignedAnswer } from '../../src/workflow/action-tools.js';
import type { ActionContext, ActionPlugin } from '../../src/workflow/contract.js';

/** What the operator's system is asked for; `status`: how the work of that key stands. */
type Call = 'check' | 'run' | 'verify' | 'undo' | 'status';

interface HookMetadata {
  readonly url: string;
  readonly secret: string;
  readonly calls?: readonly Call[];
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly poll_interval?: number;
  readonly timeout?: number;
}

/** How work stands: what the system's answers come down to. */
interface Standing {
  readonly status: 'done' | 'running' | 'failed' | 'unknown';
  readonly message?: string;
  /** Seconds after which it wants to be asked again. */
  readonly pollAfterS?: number;
  readonly facts?: Readonly<Record<string, unknown>>;
}

const POLL_S = 10;
const TIMEOUT_S = 3600;
const LONGEST_S = 86_400;
const PASSING = new Set([408, 409, 423, 425, 429]);
const LONGEST_MESSAGE = 500;

/**
 * Lets a system of the operator do the work: one signed call, then questions until it is done or has failed. What it is
 * about has one key over all tries and crashes, so that nothing is begun twice (docs/http-hook.md).
 */
export default {
  name: 'http-hook',
  version: '1.0.0',
  description: 'Lets a system of yours do the work, by signed HTTP calls',
  metadataSchema: {
    type: 'object',
    properties: {
      url: { type: 'string', minLength: 1, maxLength: 2048, description: 'on a host of [http_hook] allowed_hosts' },
      secret: { type: 'string', minLength: 1, maxLength: 255, description: 'name of a secret in the secrets file' },
      calls: {
        type: 'array',
        items: { type: 'string', enum: ['check', 'verify', 'undo'] },
        uniqueItems: true,
        description: 'what the system can be asked for besides run',
      },
      parameters: { type: 'object', description: 'handed to the system as they are' },
      poll_interval: {
        type: 'number',
        minimum: 1,
        maximum: 3600,
        description: `seconds; ${POLL_S} unless it says so itself`,
      },
      timeout: { type: 'number', minimum: 1, maximum: LONGEST_S, description: `seconds for each phase; ${TIMEOUT_S}` },
    },
    required: ['url', 'secret'],
    additionalProperties: false,
  },
  // Its own time-out ends it before that.
  timeoutS: LONGEST_S + 600,

  async check(context) {
    await context.hooks.check(metadataOf(context));
    if (isAsked(context, 'check')) await carryOut(context, 'check');
    return true;
  },

  async run(context) {
    await carryOut(context, 'run');
    return 'DONE';
  },

  async probe(context) {
    return (await ask(context, 'status', untilOf(context))).status === 'done';
  },

  async verify(context) {
    if (isAsked(context, 'verify')) await carryOut(context, 'verify');
    return true;
  },

  async undo(context) {
    if (!isAsked(context, 'undo')) {
      throw new FenixError('terminal', 'hook-no-undo', 'The system is not said to be able to undo (metadata calls).');
    }
    await carryOut(context, 'undo');
    return 'DONE';
  },
} satisfies ActionPlugin;

function metadataOf({ metadata }: ActionContext): HookMetadata {
  return metadata as unknown as HookMetadata;
}

function isAsked(context: ActionContext, call: Call): boolean {
  return metadataOf(context).calls?.includes(call) ?? false;
}

function untilOf(context: ActionContext): Date {
  return plusSeconds(context.clock.now(), metadataOf(context).timeout ?? TIMEOUT_S);
}

/** @throws FenixError `hook-failed` when the system says so */
async function carryOut(context: ActionContext, call: Exclude<Call, 'status'>): Promise<void> {
  const { status, message, facts } = await toItsEnd(context, call);
  if (facts !== undefined) context.record(facts);
  if (status === 'done') return;
  throw new FenixError('terminal', 'hook-failed', `The system says: ${message ?? `${call} failed`}.`);
}

/** Asks until the work has ended. @throws FenixError `hook-time-out` when it does not in time */
async function toItsEnd(context: ActionContext, call: Call): Promise<Standing> {
  const { clock, signal } = context;
  const until = untilOf(context);
  let standing = await ask(context, call, until);
  while (standing.status === 'running') {
    const now = clock.now();
    if (now >= until) throw new FenixError('terminal', 'hook-time-out', `The system has not ended ${call} in time.`);
    const next = plusSeconds(now, standing.pollAfterS ?? metadataOf(context).poll_interval ?? POLL_S);
    await clock.sleep(next < until ? next : until, signal);
    standing = await ask(context, 'status', until, call);
  }
  if (standing.status !== 'unknown') return standing;
  return { status: 'failed', message: `it does not know of ${call} any more` };
}

/** One call, again and again while the system is out of reach, but not past `until`. */
async function ask(context: ActionContext, call: Call, until: Date, about: Call = call): Promise<Standing> {
  const { clock, signal, log } = context;
  for (;;) {
    let patienceS = metadataOf(context).poll_interval ?? POLL_S;
    try {
      const answer = await context.hooks.send(metadataOf(context), callOf(context, call, about));
      if (answer.status < 500 && !PASSING.has(answer.status)) return standingOf(answer, call);
      if (clock.now() >= until)
        throw new FenixError('terminal', 'hook-time-out', `The system answered ${answer.status} until now.`);
      patienceS = answer.retryAfterS ?? patienceS;
      log.warn({ call, status: answer.status }, 'the system cannot answer now, asking again');
    } catch (error) {
      if (!(error instanceof FenixError) || !error.retryable || clock.now() >= until) throw error;
      log.warn({ call, reason: error.message }, 'the system is out of reach, asking again');
    }
    const next = plusSeconds(clock.now(), Math.max(1, patienceS));
    await clock.sleep(next < until ? next : until, signal);
  }
}

function callOf(context: ActionContext, call: Call, about: Call) {
  const { sessionId, host, type, name, phase, attempt, sessionMetadata } = context;
  // What is asked about: for the questions of probe and verify that is the phase they belong to.
  const work = about === 'status' ? phase : about === 'verify' ? `verify-${phase}` : about;
  const key = createHash('sha256')
    .update(JSON.stringify([sessionId, type, name, host, work]))
    .digest('hex');
  const { parameters = {} } = metadataOf(context);
  const subject = { session_id: sessionId, host, type, name, phase, attempt };
  return { key, body: { call, key, ...subject, parameters, session_metadata: sessionMetadata } };
}

/** @throws FenixError `hook-refused` for a status that says no, `hook-answer` for what cannot be understood */
function standingOf({ status, body, retryAfterS }: SignedAnswer, call: Call): Standing {
  const said = typeof body.message === 'string' ? body.message.slice(0, LONGEST_MESSAGE) : undefined;
  if (status === 404 && call === 'status') return { status: 'unknown' };
  if (status < 200 || status > 299) {
    throw new FenixError(
      'terminal',
      'hook-refused',
      `The system answered ${status}${said === undefined ? '' : `: ${said}`}.`,
    );
  }
  const standing = body.status ?? (status === 202 ? 'running' : status === 204 ? 'done' : undefined);
  if (standing !== 'done' && standing !== 'running' && standing !== 'failed' && standing !== 'unknown') {
    const message = 'The system’s answer has no status that is done, running, failed or unknown.';
    throw new FenixError('terminal', 'hook-answer', message);
  }
  const pollAfterS = typeof body.poll_after === 'number' && body.poll_after >= 1 ? body.poll_after : retryAfterS;
  const facts = typeof body.facts === 'object' && body.facts !== null ? (body.facts as Standing['facts']) : undefined;
  return {
    status: standing,
    ...(said !== undefined && { message: said }),
    ...(pollAfterS !== undefined && { pollAfterS }),
    ...(facts !== undefined && { facts }),
  };
}
