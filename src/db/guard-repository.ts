import { FenixError } from '../common/errors.js';
import { isDuplicate, type Tx } from './database.js';
import { Table } from './table.js';

interface Guard {
  readonly guardKey: string;
  readonly version: number;
}

const GUARDS = new Table<Guard>('guards', { guardKey: 'text', version: 'number' });

/**
 * Rows whose only use is to be moved: whoever decides something about a group, a host or a limit moves its guard in
 * the same transaction, so of two that decided on the same reading one loses (no reliance on row locks, Galera is fine).
 */
export class GuardRepository {
  /** The guards' versions before anything is read. Missing guards are made. */
  async read(keys: readonly string[], tx: Tx): Promise<Map<string, number>> {
    const versions = new Map<string, number>();
    for (const key of [...new Set(keys)].sort()) {
      const guard = await GUARDS.find(tx, { guardKey: key });
      if (guard === undefined) await this.create(key, tx);
      versions.set(key, guard?.version ?? 0);
    }
    return versions;
  }

  /** @throws FenixError `guard-moved` (conflict) when somebody else decided meanwhile */
  async move(versions: ReadonlyMap<string, number>, tx: Tx): Promise<void> {
    for (const [guardKey, version] of versions) {
      if ((await GUARDS.update(tx, { guardKey, version }, { version: version + 1 })) !== 1) {
        throw new FenixError('conflict', 'guard-moved', `Somebody else decided about ${guardKey} at the same time.`);
      }
    }
  }

  private async create(guardKey: string, tx: Tx): Promise<void> {
    try {
      await GUARDS.insert(tx, { guardKey, version: 0 });
    } catch (error) {
      if (isDuplicate(error)) {
        throw new FenixError('conflict', 'guard-moved', `Somebody else decided about ${guardKey} at the same time.`);
      }
      throw error;
    }
  }
}
