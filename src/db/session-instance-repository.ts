import type { SessionInstance } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { Table } from './table.js';

const INSTANCES = new Table<SessionInstance>('session_instances', {
  sessionId: 'text',
  instanceId: 'text',
  instanceName: 'text',
  projectId: 'text',
  groupId: 'text',
  host: 'text',
  state: 'text',
  projectState: 'text',
  action: 'text',
  actionDone: 'bool',
});

export class SessionInstanceRepository {
  constructor(private readonly database: Database) {}

  list(sessionId: string, tx: Tx = this.database.knex): Promise<SessionInstance[]> {
    return INSTANCES.list(tx, { sessionId }, 'instanceId');
  }

  /** Which the project has, by id, and how they are. */
  listOfProject(sessionId: string, projectId: string): Promise<Pick<SessionInstance, 'instanceId' | 'state'>[]> {
    const found = INSTANCES.query(this.database.knex).where({ session_id: sessionId, project_id: projectId });
    return INSTANCES.pick(found.orderBy('instance_id'), ['instanceId', 'state']);
  }

  async hasProject(sessionId: string, projectId: string, tx: Tx = this.database.knex): Promise<boolean> {
    return (await INSTANCES.find(tx, { sessionId, projectId })) !== undefined;
  }

  find(sessionId: string, instanceId: string, tx: Tx = this.database.knex): Promise<SessionInstance | undefined> {
    return INSTANCES.find(tx, { sessionId, instanceId });
  }

  save(instance: SessionInstance, tx: Tx): Promise<void> {
    return INSTANCES.upsert(tx, ['sessionId', 'instanceId'], instance);
  }

  async update(sessionId: string, instanceId: string, patch: Partial<SessionInstance>, tx: Tx): Promise<void> {
    await INSTANCES.update(tx, { sessionId, instanceId }, patch);
  }
}
