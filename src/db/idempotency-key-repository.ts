import type { Database, Tx } from './database.js';
import { isDuplicate } from './database.js';
import { Table } from './table.js';

/** What a request with an idempotency key was answered with. */
export interface RememberedAnswer {
  /** Of the key and whose it is. */
  readonly keyDigest: string;
  /** Of everything in the request that the answer depends on. */
  readonly requestDigest: string;
  readonly answer: unknown;
}

const KEYS = new Table<RememberedAnswer>('idempotency_keys', {
  keyDigest: 'text',
  requestDigest: 'text',
  answer: 'json',
});

/** Answers to requests that must not be carried out twice; database time. */
export class IdempotencyKeyRepository {
  constructor(private readonly database: Database) {}

  /** @param lifeS seconds that an answer is remembered for */
  async find(keyDigest: string, lifeS: number): Promise<RememberedAnswer | undefined> {
    const row = await KEYS.query(this.database.knex)
      .where({ key_digest: keyDigest })
      .where('stored_at', '>', this.database.nowPlus(-lifeS))
      .first();
    return row && KEYS.fromRow(row);
  }

  /**
   * In the transaction that carries the request out. Forgets what is older than `lifeS`.
   * @returns false when the key is taken: the transaction must not take effect
   */
  async remember(remembered: RememberedAnswer, lifeS: number, tx: Tx): Promise<boolean> {
    await KEYS.query(tx).where('stored_at', '<=', this.database.nowPlus(-lifeS)).delete();
    try {
      await KEYS.query(tx).insert({ ...KEYS.toRow(remembered), stored_at: this.database.nowPlus() });
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }
}
