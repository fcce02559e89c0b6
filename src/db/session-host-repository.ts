import type { Blocked, SessionHost } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { Table } from './table.js';

const HOSTS = new Table<SessionHost>('session_hosts', {
  sessionId: 'text',
  hostname: 'text',
  type: 'text',
  isCompute: 'bool',
  state: 'text',
  maintained: 'bool',
  disabled: 'bool',
  disabledBefore: 'bool',
  blocked: 'timedJson',
  excluded: 'text',
  scaled: 'text',
  lost: 'json',
  question: 'timedJson',
});

/** Maintained hosts of the session, as a subquery. */
export function hostsMaintained(tx: Tx, sessionId: string) {
  return HOSTS.query(tx).select('hostname').where({ session_id: sessionId, maintained: 1 });
}

/** Hosts of the session that are neither waiting nor through with everything, as a subquery. */
export function hostsAtWork(tx: Tx, sessionId: string) {
  return HOSTS.query(tx)
    .select('hostname')
    .where({ session_id: sessionId })
    .where((atWork) => {
      void atWork.whereNotIn('state', ['waiting', 'done', 'skipped']).orWhere('disabled', 1);
    });
}

export class SessionHostRepository {
  constructor(private readonly database: Database) {}

  /** Excluded ones too, by name. */
  list(sessionId: string, tx: Tx = this.database.knex): Promise<SessionHost[]> {
    return HOSTS.list(tx, { sessionId }, 'hostname');
  }

  add(hosts: readonly SessionHost[], tx: Tx): Promise<void> {
    return HOSTS.insert(tx, hosts);
  }

  async update(sessionId: string, hostname: string, patch: Partial<SessionHost>, tx: Tx): Promise<void> {
    await HOSTS.update(tx, { sessionId, hostname }, patch);
  }

  /** @param blocked by host name */
  block(sessionId: string, blocked: ReadonlyMap<string, Blocked | null>, tx: Tx): Promise<void> {
    const patches = new Map([...blocked].map(([hostname, what]) => [hostname, { blocked: what }]));
    return HOSTS.updateEach(tx, { sessionId }, 'hostname', patches);
  }

  /**
   * Its compute service is enabled again: closed sessions owe it no more. @returns the ids of those that did
   */
  async forgetDisabled(hostname: string, tx: Tx): Promise<string[]> {
    const owing = await HOSTS.query(tx)
      .where({ hostname, disabled: 1 })
      .whereIn('session_id', tx('sessions').select('session_id').where({ closed: 1 }))
      .select('session_id');
    const ids = owing.map((row) => String(row.session_id));
    await HOSTS.query(tx).where({ hostname }).whereIn('session_id', ids).update({ disabled: 0 });
    return ids;
  }
}
