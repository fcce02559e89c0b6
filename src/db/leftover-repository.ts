import type { Impact, OutboxEntry, SessionHost, SessionProject, SessionState } from '../model/index.js';
import type { Database } from './database.js';
import { unattended } from './engine-repository.js';
import type { Row } from './table.js';
import { fromTimeText, toTimeText } from './time-text.js';

/** A notification is published within seconds if the broker is well. */
export const STUCK_AFTER_S = 600;

/** Of which session something was left, and how that session stands. */
export interface LeftBy {
  readonly sessionId: string;
  readonly sessionState: SessionState;
}

export type LeftHost = LeftBy & Pick<SessionHost, 'hostname' | 'state'>;

export interface LeftMove extends LeftBy {
  readonly instanceId: string;
  /** `begun`: nobody knows how it ended; `failed`: Nova took too long; `refused`: its confirmation did not succeed. */
  readonly state: string;
  readonly action: string;
  readonly begunAt: Date;
}

/** An instance that was stopped while its host was out. */
export type LeftStopped = LeftBy & Pick<Impact, 'instanceId' | 'attempt' | 'sourceHost' | 'startedAt'>;

export type LeftProject = LeftBy & Pick<SessionProject, 'projectId'>;

export type StuckNotification = LeftBy &
  Pick<OutboxEntry, 'messageId' | 'eventType' | 'attempts' | 'error' | 'createdAt'>;

/** Everything of that kind. */
export interface Left {
  readonly hosts: readonly LeftHost[];
  readonly moves: readonly LeftMove[];
  readonly stopped: readonly LeftStopped[];
  readonly projects: readonly LeftProject[];
  readonly notifications: readonly StuckNotification[];
}

/** What sessions left undone, as far as the database knows. Reads only. */
export class LeftoverRepository {
  /** @param sessionId absent: of all sessions */
  constructor(
    private readonly database: Database,
    private readonly sessionId?: string,
  ) {}

  /** What one session left. */
  ofSession(sessionId: string): LeftoverRepository {
    return new LeftoverRepository(this.database, sessionId);
  }

  /** @param before domain time by which a notification should have been published */
  async all(before: Date): Promise<Left> {
    const [hosts, moves, stopped, projects, notifications] = await Promise.all([
      this.hosts(),
      this.moves(),
      this.stopped(),
      this.projects(),
      this.notifications(before),
    ]);
    return { hosts, moves, stopped, projects, notifications };
  }

  /** Hosts whose compute service a closed session disabled and did not enable again (L6). */
  async hosts(): Promise<LeftHost[]> {
    const rows = await this.of('session_hosts')
      .where({ 'left_one.disabled': 1, 'sessions.closed': 1 })
      .orderBy(['left_one.hostname', 'left_one.session_id']);
    return rows.map((row) => ({
      ...leftBy(row),
      hostname: String(row.hostname),
      state: row.state as LeftHost['state'],
    }));
  }

  /** Moves that nobody works on and that have no outcome, or not the one that ends them: confirmed, or given up by Nova. */
  async moves(): Promise<LeftMove[]> {
    const rows = await this.of('journal')
      .where((move) => {
        void move
          .whereIn('left_one.kind', ['move', 'settle'])
          .where('left_one.state', 'begun')
          .orWhere((late) => {
            // What was given up while Nova was at it has an entry of its own that looks after it.
            void late
              .where({ 'left_one.kind': 'settle', 'left_one.state': 'failed' })
              .where('left_one.outcome', 'like', '%"code":"time-out"%');
          })
          .orWhere((confirm) => {
            void confirm.where('left_one.action', 'like', '%/confirm').whereIn('left_one.state', ['begun', 'refused']);
          });
      })
      .where((alone) => {
        void alone.where('sessions.closed', 1).orWhere((idle) => void unattended(idle, this.database));
      })
      .orderBy('left_one.begun_at');
    return rows.map((row) => ({
      ...leftBy(row),
      instanceId: String(row.subject),
      state: String(row.state),
      action: String(row.action),
      begunAt: fromTimeText(String(row.begun_at)),
    }));
  }

  /** Instances that closed sessions stopped and did not start again: their hosts were left broken. */
  async stopped(): Promise<LeftStopped[]> {
    const rows = await this.of('impacts')
      .where({ 'left_one.action': 'STOP_START', 'sessions.closed': 1 })
      .whereNull('left_one.ended_at')
      .orderBy(['left_one.source_host', 'left_one.instance_id']);
    return rows.map((row) => ({
      ...leftBy(row),
      instanceId: String(row.instance_id),
      attempt: Number(row.attempt),
      sourceHost: String(row.source_host),
      startedAt: fromTimeText(String(row.started_at)),
    }));
  }

  /** Projects that scaled in for a closed session and were never told MAINTENANCE_COMPLETE. */
  async projects(): Promise<LeftProject[]> {
    const { knex } = this.database;
    const rows = await this.of('session_projects')
      .where({ 'left_one.scaled_in': 1, 'sessions.closed': 1 })
      .whereNotExists((told) => {
        void told
          .select(knex.raw('1'))
          .from('notices')
          .whereRaw('notices.session_id = left_one.session_id and notices.project_id = left_one.project_id')
          .where('notices.state', 'MAINTENANCE_COMPLETE');
      })
      .orderBy(['left_one.project_id', 'left_one.session_id']);
    return rows.map((row) => ({ ...leftBy(row), projectId: String(row.project_id) }));
  }

  /** Notifications that the broker did not take, or that nobody has published since `before` (domain time). */
  async notifications(before: Date): Promise<StuckNotification[]> {
    const rows = await this.of('outbox')
      .whereNull('left_one.published_at')
      .where((stuck) => {
        void stuck.whereNotNull('left_one.error').orWhere('left_one.created_at', '<', toTimeText(before));
      })
      .orderBy('left_one.outbox_id');
    return rows.map((row) => ({
      ...leftBy(row),
      messageId: String(row.message_id),
      eventType: String(row.event_type),
      attempts: Number(row.attempts),
      error: row.error === null ? null : String(row.error),
      createdAt: fromTimeText(String(row.created_at)),
    }));
  }

  private of(table: string) {
    const found = this.database
      .knex<Row, Row[]>({ left_one: table })
      .join('sessions', 'sessions.session_id', 'left_one.session_id')
      .select('left_one.*', { session_state: 'sessions.state' });
    return this.sessionId === undefined ? found : found.where({ 'left_one.session_id': this.sessionId });
  }
}

function leftBy(row: Row): LeftBy {
  return { sessionId: String(row.session_id), sessionState: row.session_state as SessionState };
}
