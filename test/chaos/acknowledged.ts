import { randomUUID } from 'node:crypto';
import type { ControlRequest, FenixClient, NewSession } from '../../src/client/index.js';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError, messageOf, Stopped } from '../../src/common/errors.js';
import type { Database } from '../../src/db/database.js';
import type { Manager, ManagerReply } from '../../src/simulator/index.js';

const machine = new SystemMachineClock();
const PAUSE_MS = 200;

/** What the API has answered 200 to, which has to be in the database from then on, whatever happens to that (L1). */
export class Acknowledged {
  /** By idempotency key. */
  readonly sessions = new Map<string, string>();
  /** Answers that the API must never give, one sentence each. */
  readonly faults: string[] = [];
  private readonly constraints: string[] = [];
  private readonly commands: { readonly sessionId: string; readonly kind: string }[] = [];

  constructor(
    private readonly client: FenixClient,
    private readonly managers: readonly Manager[],
  ) {}

  /** Asks under one key until it is acknowledged. @returns the session's id */
  async create(session: () => NewSession, signal: AbortSignal): Promise<string> {
    const key = randomUUID();
    const body = session();
    const id = await this.insist(() => this.client.create(body, undefined, key), signal);
    this.sessions.set(key, id);
    return id;
  }

  /** Likewise; a session that has no use for it any more may refuse it. */
  async control(sessionId: string, action: ControlRequest, signal: AbortSignal): Promise<void> {
    const key = randomUUID();
    try {
      await this.insist(() => this.client.control(sessionId, action, undefined, key), signal);
      this.commands.push({ sessionId, kind: Object.keys(action)[0] ?? '' });
    } catch (error) {
      if (!(error instanceof FenixError) || ![409, 422].includes(error.status ?? 0)) throw error;
    }
  }

  /** Writes all the time, so that whenever the database dies there is something that it has just acknowledged. */
  async write(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const id = randomUUID();
      try {
        await this.client.setInstanceConstraints(id, {
          instance_id: id,
          project_id: '0'.repeat(32),
          group_id: randomUUID(),
          instance_name: 'written',
          max_interruption_time: 120,
          migration_type: 'MIGRATE',
          resource_mitigation: false,
          lead_time: 40,
        });
        this.constraints.push(id);
      } catch (error) {
        this.judge(error);
      }
      await machine.sleepMs(PAUSE_MS, signal).catch(() => undefined);
    }
  }

  get count(): number {
    return this.sessions.size + this.constraints.length + this.commands.length + this.replies().length;
  }

  /** What was acknowledged and is not there, one sentence each. */
  async missing({ knex }: Database): Promise<string[]> {
    // First of all: what is acknowledged while we read needs not be in what we have read.
    const acknowledged = counted([
      ...[...this.sessions.values()].map((id) => `session ${id}`),
      ...this.constraints.map((id) => `constraints of ${id}`),
      ...this.commands.map(({ sessionId, kind }) => `${kind} of session ${sessionId}`),
      ...this.replies(),
    ]);
    const sessions = await knex('sessions').select('session_id');
    const constraints = await knex('instance_constraints').select('instance_id');
    const commands = await knex('commands').select('session_id', 'kind');
    // Those without effect as well.
    const replies = await knex('history')
      .whereIn('what', ['reply-received', 'reply-ignored'])
      .select('session_id', 'details');
    const stored = counted([
      ...sessions.map((row) => `session ${row.session_id}`),
      ...constraints.map((row) => `constraints of ${row.instance_id}`),
      ...commands.map((row) => `${row.kind} of session ${row.session_id}`),
      ...replies.map((row) => replyKey({ sessionId: String(row.session_id), ...detailsOf(row.details) })),
    ]);
    return [...acknowledged]
      .filter(([what, times]) => times > (stored.get(what) ?? 0))
      .map(([what, times]) => `Of ${what} ${times} were acknowledged, and ${stored.get(what) ?? 0} are stored.`);
  }

  private replies(): string[] {
    return this.managers.flatMap(({ replies }) => replies.filter(({ status }) => status === 200).map(replyKey));
  }

  private async insist<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!this.judge(error)) throw error;
        await machine.sleepMs(PAUSE_MS, signal);
      }
    }
  }

  /** Whether it may pass by itself. */
  private judge(error: unknown): boolean {
    if (error instanceof Stopped) return false;
    const status = error instanceof FenixError ? error.status : undefined;
    if (status === 500) this.faults.push(`The API answered 500: ${messageOf(error)}`);
    return status === undefined || status >= 500;
  }
}

function replyKey({ sessionId, projectId, state }: Pick<ManagerReply, 'sessionId' | 'projectId' | 'state'>): string {
  return `reply ${state} of project ${projectId} to session ${sessionId}`;
}

function detailsOf(text: unknown): { readonly projectId: string; readonly state: string } {
  const { project_id: projectId, state } = JSON.parse(String(text));
  return { projectId, state };
}

function counted(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
