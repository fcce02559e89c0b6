import type { InstanceConstraints } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { OwnedRecords, type Stamped } from './owned-records.js';
import { Table } from './table.js';

const RECORDS = new Table<InstanceConstraints & Stamped>('instance_constraints', {
  instanceId: 'text',
  ownerProjectId: 'text',
  byAdmin: 'bool',
  groupId: 'text',
  maxInterruptionTimeS: 'number',
  migrationTypes: 'json',
  leadTimeS: 'number',
  resourceMitigation: 'bool',
  record: 'json',
  updatedAt: 'time',
});

/** What projects allow for single instances; independent of sessions. */
export class InstanceConstraintsRepository extends OwnedRecords<InstanceConstraints> {
  constructor(database: Database) {
    super(database, RECORDS, 'instanceId', 'instance_id');
  }

  /** All owners' records: whose counts is decided by the instance's project. */
  forInstances(instanceIds: readonly string[], tx: Tx = this.database.knex): Promise<InstanceConstraints[]> {
    return this.forIds(instanceIds, tx);
  }
}
