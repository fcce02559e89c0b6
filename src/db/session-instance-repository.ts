import type { Blocked, SessionInstance } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { PART, type Part, partOf } from './session-project-repository.js';
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
  blocked: 'timedJson',
});

const PART_INSTANCE = ['sessionId', 'projectId', 'instanceId', 'state'] as const;
type PartInstance = Pick<SessionInstance, (typeof PART_INSTANCE)[number]>;
const OWNER = ['sessionId', 'instanceId', 'projectId'] as const;
type InstanceOwner = Pick<SessionInstance, (typeof OWNER)[number]>;

export class SessionInstanceRepository {
  constructor(private readonly database: Database) {}

  list(sessionId: string, tx: Tx = this.database.knex): Promise<SessionInstance[]> {
    return INSTANCES.list(tx, { sessionId }, 'instanceId');
  }

  /** Which instances these have in their sessions, by id, and how they are. */
  ofParts(parts: readonly Part[]): Promise<PartInstance[]> {
    const found = INSTANCES.anyOf(this.database.knex, parts.map(partOf));
    return INSTANCES.pick(found.orderBy('instance_id'), PART_INSTANCE);
  }

  /** Those of these that have instances in their sessions. */
  partsWithAny(parts: readonly Part[], tx: Tx = this.database.knex): Promise<Part[]> {
    return INSTANCES.pick(INSTANCES.anyOf(tx, parts.map(partOf)).distinct(), PART);
  }

  /** Whose these are; unknown ones are left out. */
  owners(
    keys: readonly Pick<SessionInstance, 'sessionId' | 'instanceId'>[],
    tx: Tx = this.database.knex,
  ): Promise<InstanceOwner[]> {
    const found = keys.map(({ sessionId, instanceId }) => ({ sessionId, instanceId }));
    return INSTANCES.pick(INSTANCES.anyOf(tx, found), OWNER);
  }

  find(sessionId: string, instanceId: string, tx: Tx = this.database.knex): Promise<SessionInstance | undefined> {
    return INSTANCES.find(tx, { sessionId, instanceId });
  }

  save(instances: SessionInstance | readonly SessionInstance[], tx: Tx): Promise<void> {
    return INSTANCES.upsert(tx, ['sessionId', 'instanceId'], instances);
  }

  async update(sessionId: string, instanceId: string, patch: Partial<SessionInstance>, tx: Tx): Promise<void> {
    await INSTANCES.update(tx, { sessionId, instanceId }, patch);
  }

  /** @param seen where each was seen and as what, by instance id */
  see(sessionId: string, seen: ReadonlyMap<string, Pick<SessionInstance, 'host' | 'state'>>, tx: Tx): Promise<void> {
    return INSTANCES.updateEach(tx, { sessionId }, 'instanceId', seen);
  }

  /** @param blocked by instance id */
  block(sessionId: string, blocked: ReadonlyMap<string, Blocked | null>, tx: Tx): Promise<void> {
    const patches = new Map([...blocked].map(([id, what]) => [id, { blocked: what }]));
    return INSTANCES.updateEach(tx, { sessionId }, 'instanceId', patches);
  }
}
