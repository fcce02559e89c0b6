import { createHash } from 'node:crypto';
import { FenixError } from '../common/errors.js';
import type { Tx } from '../db/database.js';
import type { ApiDeps } from './deps.js';
import { impossible, malformed } from './errors.js';
import type { ApiRequest } from './request.js';

export const IDEMPOTENCY_KEY = 'Idempotency-Key';
/** What a header may hold and a person may write; long enough for two UUIDs. */
const WELL_FORMED = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/** To be called in the transaction that carries the request out, with what will be answered. */
export type Remember = (answer: unknown, tx: Tx) => Promise<void>;

/**
 * A request with an `Idempotency-Key` is carried out once: whoever repeats it, because the answer was lost, gets the
 * first one's answer. Keys are the user's own, for one project; refusals are not remembered.
 * @throws Refusal 400 for an ill-formed key, 422 `idempotency-key` for one that came with another request
 */
export async function once<Answer>(
  deps: ApiDeps,
  request: ApiRequest,
  work: (remember: Remember) => Promise<Answer>,
): Promise<Answer> {
  const key = request.header(IDEMPOTENCY_KEY);
  if (key === undefined) return work(async () => {});
  if (!WELL_FORMED.test(key)) {
    throw malformed(IDEMPOTENCY_KEY, `${IDEMPOTENCY_KEY} must have 1 to 255 printable ASCII characters.`);
  }
  const { userId, projectId } = request.caller;
  const keyDigest = digestOf(userId, projectId ?? '', key);
  const requestDigest = digestOf(request.line, request.rawBody);
  const { idempotencyKeys } = deps.repositories;
  const lifeS = deps.settings.idempotencyKeyLifeS;
  const recall = async (): Promise<Answer | undefined> => {
    const known = await idempotencyKeys.find(keyDigest, lifeS);
    if (known !== undefined && known.requestDigest !== requestDigest) {
      throw impossible('idempotency-key', IDEMPOTENCY_KEY, 'This key came with another request before; use a new one.');
    }
    return known?.answer as Answer | undefined;
  };
  const remember: Remember = async (answer, tx) => {
    if (!(await idempotencyKeys.remember({ keyDigest, requestDigest, answer }, lifeS, tx))) throw new KeyTaken();
  };
  const answered = await recall();
  if (answered !== undefined) return answered;
  try {
    return await work(remember);
  } catch (error) {
    // The same request at the same time was faster; it is committed, or its key would not be seen.
    const other = error instanceof KeyTaken ? await recall() : undefined;
    if (other === undefined) throw error;
    return other;
  }
}

/** Nobody but {@link once} sees it, unless the other request's key ran out at this moment: then trying again helps. */
class KeyTaken extends FenixError {
  constructor() {
    super('transient', 'idempotency-key-taken', 'The same request is being carried out.');
  }
}

function digestOf(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length} `).update(part);
  return hash.digest('hex');
}
