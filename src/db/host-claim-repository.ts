import type { Database, Tx } from './database.js';
import { isDuplicate } from './database.js';
import { Table } from './table.js';

interface HostClaim {
  readonly hostname: string;
  readonly sessionId: string;
}

const CLAIMS = new Table<HostClaim>('host_claims', { hostname: 'text', sessionId: 'text' });

/** Which unfinished session a host belongs to; one at most. */
export class HostClaimRepository {
  constructor(private readonly database: Database) {}

  /** Claims all hosts or says which one another session has. Claiming one's own host again is harmless. */
  async claim(
    sessionId: string,
    hostnames: readonly string[],
    tx: Tx,
  ): Promise<{ readonly claimed: true } | { readonly claimed: false; readonly hostname: string; readonly by: string }> {
    const mine = new Set((await CLAIMS.list(tx, { sessionId }, 'hostname')).map((claim) => claim.hostname));
    // Always in the same order, so that two sessions cannot wait for each other's rows.
    for (const hostname of [...hostnames].filter((name) => !mine.has(name)).sort()) {
      const other = await CLAIMS.find(tx, { hostname });
      if (other !== undefined) return { claimed: false, hostname, by: other.sessionId };
      try {
        await CLAIMS.insert(tx, { hostname, sessionId });
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        return { claimed: false, hostname, by: 'another session' };
      }
    }
    return { claimed: true };
  }

  async release(sessionId: string, tx: Tx = this.database.knex): Promise<void> {
    await CLAIMS.query(tx).where({ session_id: sessionId }).delete();
  }

  async ownerOf(hostname: string, tx: Tx = this.database.knex): Promise<string | undefined> {
    return (await CLAIMS.find(tx, { hostname }))?.sessionId;
  }
}
