import type { Knex } from 'knex';
import type { Command } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { unhandledIn } from './reply-repository.js';
import { Table } from './table.js';

const COMMANDS = new Table<Command>('commands', {
  commandId: 'number',
  sessionId: 'text',
  kind: 'text',
  args: 'json',
  userId: 'text',
  requestId: 'text',
  receivedAt: 'time',
  handledAt: 'time',
});

/** What admins want done to a session: inserted by the API, consumed by the session's owner. */
export class CommandRepository {
  constructor(private readonly database: Database) {}

  insert(command: Omit<Command, 'commandId' | 'handledAt'>, tx: Tx = this.database.knex): Promise<void> {
    return COMMANDS.insert(tx, command);
  }

  async unhandled(sessionId: string, tx: Tx = this.database.knex): Promise<Command[]> {
    const rows = await COMMANDS.query(tx)
      .where({ session_id: sessionId })
      .whereNull('handled_at')
      .orderBy('command_id');
    return rows.map((row) => COMMANDS.fromRow(row));
  }

  async markHandled(commandId: number, at: Date, tx: Tx): Promise<void> {
    await COMMANDS.update(tx, { commandId }, { handledAt: at });
  }

  sessionsWithUnhandled(sessionIds: readonly string[]): Promise<string[]> {
    return unhandledIn(COMMANDS, sessionIds, this.database);
  }
}

/** The command by which the session of a row of `table` was deleted. */
export function deletionOf(table: string, tx: Tx): Knex.QueryBuilder {
  return tx('commands')
    .select(tx.raw('1'))
    .whereRaw('commands.session_id = ??', [`${table}.session_id`])
    .where('commands.kind', 'delete');
}
