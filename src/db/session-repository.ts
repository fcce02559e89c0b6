import type { Knex } from 'knex';
import { FenixError } from '../common/errors.js';
import type { Session, SessionState } from '../model/index.js';
import { deletionOf } from './command-repository.js';
import type { Database, Tx } from './database.js';
import { ownerless } from './engine-repository.js';
import { freezeIn } from './setting-repository.js';
import { type Row, Table } from './table.js';

const SESSIONS = new Table<Session>('sessions', {
  sessionId: 'text',
  state: 'text',
  stateSince: 'time',
  prevState: 'text',
  failedIn: 'text',
  workflow: 'text',
  maintenanceAt: 'time',
  hosts: 'json',
  metadata: 'json',
  actions: 'json',
  scope: 'json',
  limits: 'json',
  policy: 'json',
  pausedAt: 'time',
  aborting: 'json',
  pendingHosts: 'json',
  reason: 'timedJson',
  waiting: 'timedJson',
  percentDone: 'number',
  projectId: 'text',
  userId: 'text',
  requestId: 'text',
  plugins: 'json',
  downloads: 'json',
  owner: 'text',
  epoch: 'number',
  seq: 'number',
  createdAt: 'time',
  updatedAt: 'time',
});

const SUMMARY = ['sessionId', 'state', 'pausedAt'] as const;
/** What is asked for most often. */
export type SessionSummary = Pick<Session, (typeof SUMMARY)[number]>;

/** No handler works on a session in these. */
export const FINISHED: readonly SessionState[] = ['MAINTENANCE_DONE', 'MAINTENANCE_FAILED'];

/** A session, and what its owner looks at each time. */
export interface SessionStanding {
  readonly session: Session;
  readonly isDeleted: boolean;
  /** Replies or commands are there that nobody has consumed. */
  readonly hasMail: boolean;
  /** Everything is frozen, every session. */
  readonly isFrozen: boolean;
}

/** The proof of ownership under which everything of a session is written, as long as its engine's lease holds (L2). */
export interface Lease {
  readonly sessionId: string;
  readonly engineId: string;
  readonly epoch: number;
}

/** What the owner may change about its session. */
export type SessionPatch = Partial<
  Pick<
    Session,
    | 'state'
    | 'stateSince'
    | 'prevState'
    | 'failedIn'
    | 'pausedAt'
    | 'aborting'
    | 'pendingHosts'
    | 'reason'
    | 'waiting'
    | 'percentDone'
    | 'downloads'
  >
> & { readonly closed?: boolean };

/** Which sessions, how many of them, and where to begin. */
export interface PageQuery {
  readonly after?: Pick<Session, 'sessionId' | 'createdAt'> | undefined;
  readonly state?: SessionState | undefined;
  readonly workflow?: string | undefined;
  readonly limit: number;
}

/** The lease was lost: another engine owns the session, or nobody could prove that we still do. */
export class LeaseLost extends FenixError {
  /** @param what of whose ownership nothing is left, e.g. `session 12 (epoch 3)` */
  constructor(what: string) {
    super('conflict', 'lease-lost', `This engine does not own ${what} any more.`);
  }
}

/** Sessions and, in the same rows, who owns them. */
export class SessionRepository {
  constructor(private readonly database: Database) {}

  /** A new session without owner, in state MAINTENANCE. */
  async create(session: Session, tx: Tx): Promise<void> {
    await SESSIONS.query(tx).insert({ ...SESSIONS.toRow(session), closed: 0 });
  }

  /** Undefined for unknown and for deleted ones. */
  async get(sessionId: string, tx: Tx = this.database.knex): Promise<Session | undefined> {
    const row = await this.visible(tx).where({ session_id: sessionId }).first();
    return row && SESSIONS.fromRow(row);
  }

  /** Where they stand, in no particular order; those that are unknown or deleted are left out. */
  summaries(sessionIds: readonly string[]): Promise<SessionSummary[]> {
    return SESSIONS.pick(this.visible(this.database.knex).whereIn('session_id', [...sessionIds]), SUMMARY);
  }

  /** Whether there is such a session, be it a deleted one. */
  async isKnown(sessionId: string): Promise<boolean> {
    const found = SESSIONS.query(this.database.knex).where({ session_id: sessionId });
    return (await SESSIONS.pick(found, ['sessionId'])).length > 0;
  }

  /** Also finds what was deleted and only stays as a tombstone. */
  getEvenDeleted(sessionId: string, tx: Tx = this.database.knex): Promise<Session | undefined> {
    return SESSIONS.find(tx, { sessionId });
  }

  /** The same, and what its owner looks at each time, in one statement. */
  async standing(sessionId: string): Promise<SessionStanding | undefined> {
    const { knex } = this.database;
    const exists = (name: string, rows: Knex.QueryBuilder): never => knex.raw(`exists ? as ${name}`, [rows]) as never;
    const found = SESSIONS.query(knex).where({ session_id: sessionId });
    const [row] = (await found.select(
      'sessions.*',
      exists('is_deleted', deletionOf('sessions', knex)),
      exists('has_replies', unhandledOf(knex, 'replies')),
      exists('has_commands', unhandledOf(knex, 'commands')),
      exists('is_frozen', freezeIn(knex)),
    )) as Row[];
    if (row === undefined) return undefined;
    return {
      session: SESSIONS.fromRow(row),
      isDeleted: Boolean(row.is_deleted),
      hasMail: Boolean(row.has_replies) || Boolean(row.has_commands),
      isFrozen: Boolean(row.is_frozen),
    };
  }

  /** All that are not deleted, oldest first. */
  async list(tx: Tx = this.database.knex): Promise<Session[]> {
    const rows = await this.visible(tx).orderBy(['created_at', 'session_id']);
    return rows.map((row) => SESSIONS.fromRow(row));
  }

  /** Those that are not deleted, oldest first, from the one that follows `after` on. */
  async page({ after, state, workflow, limit }: PageQuery): Promise<Session[]> {
    const query = this.visible(this.database.knex);
    if (state !== undefined) void query.where({ state });
    if (workflow !== undefined) void query.where({ workflow });
    if (after !== undefined) {
      const { created_at: at, session_id: id } = SESSIONS.toRow(after);
      void query.where((later) => {
        void later.where('created_at', '>', String(at)).orWhere((same) => {
          void same.where({ created_at: at }).where('session_id', '>', String(id));
        });
      });
    }
    const rows = await query.orderBy(['created_at', 'session_id']).limit(limit);
    return rows.map((row) => SESSIONS.fromRow(row));
  }

  /** Ids of all that are not deleted, oldest first. */
  async ids(tx: Tx = this.database.knex): Promise<string[]> {
    const rows = await this.visible(tx).orderBy(['created_at', 'session_id']).select('session_id');
    return rows.map((row) => String(row.session_id));
  }

  /** Ids of all that an engine works on or is to work on, deleted ones too. */
  async openIds(tx: Tx = this.database.knex): Promise<string[]> {
    const rows = await SESSIONS.query(tx).where({ closed: 0 }).orWhereNotNull('owner').select('session_id');
    return rows.map((row) => String(row.session_id));
  }

  /** Whether nothing is left to be done for it; undefined for an unknown one. Deleted ones are found too. */
  async isClosed(sessionId: string, tx: Tx = this.database.knex): Promise<boolean | undefined> {
    const row = await SESSIONS.query(tx).where({ session_id: sessionId }).first('closed');
    return row && Boolean(row.closed);
  }

  async countUnfinished(tx: Tx = this.database.knex): Promise<number> {
    const rows = await this.visible(tx).whereNotIn('state', FINISHED).count({ n: '*' });
    return Number(rows[0]?.n);
  }

  /** Sessions that need an engine and have none: not closed or with commands to consume, and no owner that lives. */
  async claimable(limit: number, except: readonly string[] = []): Promise<Session[]> {
    const { knex } = this.database;
    const rows = await ownerless(SESSIONS.query(knex), this.database)
      .where((needed) => {
        void needed.where({ closed: 0 }).orWhereExists((commands) => {
          void commands
            .select(knex.raw('1'))
            .from('commands')
            .whereRaw('commands.session_id = sessions.session_id')
            .whereNull('commands.handled_at');
        });
      })
      .whereNotIn('session_id', [...except])
      .orderBy('created_at')
      .limit(limit);
    return rows.map((row) => SESSIONS.fromRow(row));
  }

  /** Takes a session that no living engine owns; undefined if another one was faster, or our own lease has ended. */
  async claim(session: Pick<Session, 'sessionId' | 'epoch'>, engineId: string): Promise<Lease | undefined> {
    const { sessionId } = session;
    const epoch = session.epoch + 1;
    const free = ownerless(SESSIONS.query(this.database.knex), this.database);
    const taken = await this.ofLiving(free.where({ session_id: sessionId, epoch: session.epoch }), engineId).update({
      owner: engineId,
      epoch,
      lease_until: null,
    });
    return Number(taken) === 1 ? { sessionId, engineId, epoch } : undefined;
  }

  /** Gives the lease back; harmless when it is lost already. */
  async release({ sessionId, engineId, epoch }: Lease): Promise<void> {
    await SESSIONS.query(this.database.knex)
      .where({ session_id: sessionId, owner: engineId, epoch })
      .update({ owner: null });
  }

  /**
   * The compare-and-set under which an owner writes: checks owner, epoch and the engine's lease, takes `numbers`
   * sequence numbers and patches the session in one statement.
   * @returns the first of the numbers; without meaning where none were asked for
   * @throws LeaseLost
   */
  async write(lease: Lease, numbers: number, patch: SessionPatch, now: Date, tx: Tx): Promise<number> {
    const { closed, ...fields } = patch;
    const row: Row = { ...SESSIONS.toRow({ ...fields, updatedAt: now }), seq: tx.raw('seq + ?', [numbers]) };
    if (closed !== undefined) row.closed = Number(closed);
    const { sessionId, engineId, epoch } = lease;
    const owned = SESSIONS.query(tx).where({ session_id: sessionId, owner: engineId, epoch });
    const written = await this.ofLiving(owned, engineId).update(row);
    if (Number(written) !== 1) throw new LeaseLost(`session ${sessionId} (epoch ${epoch})`);
    if (numbers === 0) return 0;
    const after = await SESSIONS.query(tx).where({ session_id: sessionId }).first('seq');
    return Number(after?.seq) - numbers + 1;
  }

  /** Whoever asks for the same session's lock waits until the transaction ends; nothing is changed. */
  async lock(sessionId: string, tx: Tx): Promise<void> {
    await SESSIONS.query(tx).where({ session_id: sessionId }).forUpdate().select('session_id');
  }

  /** Locks those that nobody else has locked at this moment. @returns their ids */
  async lockFree(sessionIds: readonly string[], tx: Tx): Promise<string[]> {
    const query = SESSIONS.query(tx).whereIn('session_id', [...sessionIds]);
    if (this.database.locksRows) void query.forUpdate().skipLocked();
    return (await query.select('session_id')).map((row) => String(row.session_id));
  }

  /** Only while the engine's lease holds, by the database's time. */
  private ofLiving(query: Knex.QueryBuilder<Row, Row[]>, engineId: string): Knex.QueryBuilder<Row, Row[]> {
    return query.whereExists((engines) => {
      void engines
        .select(this.database.knex.raw('1'))
        .from('engines')
        .where('engines.engine_id', engineId)
        .where('engines.lease_until', '>', this.database.nowPlus());
    });
  }

  private visible(tx: Tx) {
    return SESSIONS.query(tx).whereNotExists(deletionOf('sessions', tx));
  }
}

/** What of a row of `sessions` lies in one of the tables that its owner consumes. */
function unhandledOf(tx: Tx, table: 'replies' | 'commands'): Knex.QueryBuilder {
  return tx(table)
    .select(tx.raw('1'))
    .whereRaw('??.session_id = sessions.session_id', [table])
    .whereNull(`${table}.handled_at`);
}
