import type { Tx } from '../../db/database.js';
import type { Repositories } from '../../db/repositories.js';
import { Refusal } from '../errors.js';

/** Makes the hosts the session's, all of them. @throws Refusal 409 for one that another unfinished session has */
export async function claimHosts(
  { claims }: Repositories,
  sessionId: string,
  hostnames: readonly string[],
  tx: Tx,
): Promise<void> {
  const claim = await claims.claim(sessionId, hostnames, tx);
  if (!claim.claimed) throw hostClaimed(claim.hostname, claim.by);
}

/** Without making them anybody's. @throws Refusal 409 likewise */
export async function checkUnclaimed(
  { claims }: Repositories,
  sessionId: string,
  hostnames: readonly string[],
  tx: Tx,
): Promise<void> {
  for (const hostname of hostnames) {
    const by = await claims.ownerOf(hostname, tx);
    if (by !== undefined && by !== sessionId) throw hostClaimed(hostname, by);
  }
}

function hostClaimed(hostname: string, by: string): Refusal {
  return new Refusal(409, 'host-claimed', `Host ${hostname} belongs to unfinished session ${by}.`);
}
