import type { GroupConstraints } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { OwnedRecords, type Stamped } from './owned-records.js';
import { Table } from './table.js';

const RECORDS = new Table<GroupConstraints & Stamped>('group_constraints', {
  groupId: 'text',
  ownerProjectId: 'text',
  byAdmin: 'bool',
  antiAffinity: 'bool',
  maxInstancesPerHost: 'number',
  maxImpactedMembers: 'number',
  maxImpactedTable: 'json',
  minPreservedTable: 'json',
  recoveryTimeS: 'number',
  leadTimeS: 'number',
  resourceMitigation: 'bool',
  notifyStates: 'json',
  record: 'json',
  updatedAt: 'time',
});

/** What projects allow for groups of instances; independent of sessions. */
export class GroupConstraintsRepository extends OwnedRecords<GroupConstraints> {
  constructor(database: Database) {
    super(database, RECORDS, 'groupId', 'group_id');
  }

  /** All owners' records, as for instances. */
  forGroups(groupIds: readonly string[], tx: Tx = this.database.knex): Promise<GroupConstraints[]> {
    return this.forIds(groupIds, tx);
  }
}
