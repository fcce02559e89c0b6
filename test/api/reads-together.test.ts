import test from 'ava';
import type { ApiDeps } from '../../src/api/deps.js';
import { showSession } from '../../src/api/handlers/maintenance.js';
import { listInstances } from '../../src/api/handlers/project.js';
import type { ApiRequest } from '../../src/api/request.js';
import { Repositories } from '../../src/db/repositories.js';
import { TENANT } from '../support/api.js';
import { databaseKinds } from '../support/api-databases.js';
import { anInstance, aSession } from '../support/api-records.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';

const PACE_MS = 5;

for (const kind of databaseKinds) {
  test.serial(`${kind.name}: who looks soon after another waits for the pace, and shares the next look`, async (t) => {
    const { database, close } = await kind.open();
    t.teardown(close);
    const repositories = new Repositories(database);
    const sessions = Array.from({ length: 4 }, () => aSession());
    await database.transaction(async (tx) => {
      for (const [place, session] of sessions.entries()) {
        const { sessionId } = session;
        await repositories.sessions.create(session, tx);
        await repositories.instances.save(anInstance({ sessionId, instanceId: `i${place}`, projectId: TENANT }), tx);
      }
    });
    const machineClock = new ManualMachineClock();
    const deps = { repositories, machineClock, settings: { readPaceMs: PACE_MS } } as unknown as ApiDeps;
    let statements = 0;
    database.knex.on('query', () => {
      statements += 1;
    });
    const request = (sessionId: string) => {
      const params: Readonly<Record<string, string>> = { session_id: sessionId, project_id: TENANT };
      return { param: (name: string) => params[name] ?? '' } as unknown as ApiRequest;
    };
    const [first, ...others] = sessions.map(({ sessionId }) => request(sessionId));
    for (const [handle, ofOneLook] of [
      [showSession(deps), 1],
      [listInstances(deps), 3],
    ] as const) {
      statements = 0;
      const answers = [await handle(first as ApiRequest)];
      t.is(statements, ofOneLook, 'who comes after a silence waits for nobody');
      const later = Promise.all(others.map((other) => handle(other)));
      t.is(statements, ofOneLook);
      machineClock.advanceMs(PACE_MS);
      answers.push(...(await later));
      t.is(statements, 2 * ofOneLook);
      t.deepEqual(
        answers.map((answer) => JSON.stringify(answer)),
        sessions.map(({ sessionId, state }, place) =>
          JSON.stringify(
            ofOneLook === 1 ? { session_id: sessionId, state, paused_at: null } : { instance_ids: [`i${place}`] },
          ),
        ),
      );
    }
  });
}
