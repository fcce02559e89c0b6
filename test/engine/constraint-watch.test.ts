import test from 'ava';
import { plusSeconds } from '../../src/common/clock.js';
import { Repositories } from '../../src/db/repositories.js';
import { ConstraintWatch } from '../../src/engine/constraint-watch.js';
import type { InstanceConstraints } from '../../src/model/index.js';
import type { Server } from '../../src/workflow/cloud-port.js';
import { databaseKinds } from '../support/api-databases.js';
import { NOON } from '../support/api-records.js';

for (const kind of databaseKinds) {
  test(`${kind.name}: constraints are read when one was changed or servers came and went, and not again`, async (t) => {
    const { database, close } = await kind.open();
    t.teardown(close);
    const { constraintChanges, instanceConstraints, groupConstraints } = new Repositories(database);
    let reads = 0;
    const counted = Object.assign(Object.create(instanceConstraints) as typeof instanceConstraints, {
      forInstances: (ids: readonly string[]): Promise<InstanceConstraints[]> => {
        reads += 1;
        return instanceConstraints.forInstances(ids);
      },
    });
    const watch = new ConstraintWatch({ constraintChanges, groupConstraints, instanceConstraints: counted });
    const servers = ['a', 'b'].map((id) => ({ id, projectId: 'tenant' }) as Server);
    const isNew = async (all: readonly Server[]): Promise<boolean> => {
      const before = reads;
      await watch.book(all);
      return reads > before;
    };
    t.true(await isNew(servers));
    t.false(await isNew([...servers]));

    const change = {
      kind: 'instance',
      objectId: 'a',
      projectId: 'tenant',
      who: 'somebody',
      what: 'constraints-stored',
    } as const;
    await constraintChanges.append({ ...change, at: NOON, details: {} }, database.knex);
    t.true(await isNew(servers), 'one was changed');
    t.false(await isNew(servers));
    await constraintChanges.append({ ...change, at: plusSeconds(NOON, 1), details: {} }, database.knex);
    t.true(await isNew(servers), 'and once more');

    // Its id was given first, and its transaction ended last.
    const [row] = await database.knex('constraint_changes').orderBy('change_id').limit(1);
    await database.knex('constraint_changes').insert({ ...row, change_id: 40 });
    t.true(await isNew(servers));
    await database.knex('constraint_changes').insert({ ...row, change_id: 39 });
    t.true(await isNew(servers), 'one of a lower id was committed after one of a higher');
    t.false(await isNew(servers));

    t.true(await isNew(servers.slice(1)), 'one is gone');
    t.true(await isNew([...servers.slice(1), { id: 'c', projectId: 'tenant' } as Server]), 'another one came');
    t.true(await isNew([...servers.slice(1), { id: 'c', projectId: 'other' } as Server]), 'it is somebody else’s');
    t.is(reads, 8);
  });
}
