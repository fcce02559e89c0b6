import type { Database, Tx } from './database.js';
import { isDuplicate } from './database.js';
import { Table } from './table.js';

interface HostClaim {
  readonly hostname: string;
  readonly sessionId: string;
}

const CLAIMS = new Table<HostClaim>('host_claims', { hostname: 'text', sessionId: 'text' });

/** Hosts per statement. */
const AT_ONCE = 500;

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
    const wanted = [...new Set(hostnames)].filter((name) => !mine.has(name)).sort();
    for (let start = 0; start < wanted.length; start += AT_ONCE) {
      const names = wanted.slice(start, start + AT_ONCE);
      const other = (await this.claimOf(names, tx)) ?? (await this.insert(sessionId, names, tx));
      if (other !== undefined) return { claimed: false, hostname: other.hostname, by: other.sessionId };
    }
    return { claimed: true };
  }

  /** @returns a claim of another session that was faster */
  private async insert(sessionId: string, names: readonly string[], tx: Tx): Promise<HostClaim | undefined> {
    try {
      await CLAIMS.insert(
        tx,
        names.map((hostname) => ({ hostname, sessionId })),
      );
      return undefined;
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      return (await this.claimOf(names, tx)) ?? { hostname: String(names[0]), sessionId: 'another session' };
    }
  }

  /** Some claim on one of the hosts. */
  private async claimOf(names: readonly string[], tx: Tx): Promise<HostClaim | undefined> {
    const row = await CLAIMS.query(tx).whereIn('hostname', names).orderBy('hostname').first();
    return row === undefined ? undefined : CLAIMS.fromRow(row);
  }

  async release(sessionId: string, tx: Tx = this.database.knex): Promise<void> {
    await CLAIMS.query(tx).where({ session_id: sessionId }).delete();
  }

  async ownerOf(hostname: string, tx: Tx = this.database.knex): Promise<string | undefined> {
    return (await CLAIMS.find(tx, { hostname }))?.sessionId;
  }
}
