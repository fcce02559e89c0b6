import test from 'ava';
import type { SessionState } from '../../src/model/index.js';
import { type Answer, TestApi } from '../support/api.js';
import { databaseKinds } from '../support/api-databases.js';

const PAGED = { 'OpenStack-API-Version': 'maintenance 1.1' };
const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const idsOf = ({ json }: Answer): unknown[] => (json.sessions as { session_id: string }[]).map((s) => s.session_id);

for (const kind of databaseKinds) {
  test.serial(`${kind.name}: from 1.1 on the list has pages of objects, in 1.0 all ids`, async (t) => {
    const api = await TestApi.start(t, kind);
    const made: string[] = [];
    // Two in one instant: the place of each is still its own.
    for (const second of [1, 2, 2, 3, 4]) made.push((await api.session([], [], { createdAt: at(second) })).sessionId);
    const list = (query: string, headers: Record<string, string> = PAGED) =>
      api.send('GET', `/v1/maintenance${query}`, { token: 'admin', headers });
    const sorted = [made[0], ...[made[1], made[2]].sort(), made[3], made[4]];

    t.deepEqual((await list('?limit=2', {})).json, { sessions: sorted, session_id: sorted });
    const seen: unknown[] = [];
    for (let marker: unknown = ''; marker !== null; ) {
      const answer = await list(`?limit=2${marker && `&marker=${marker}`}`);
      seen.push(...idsOf(answer));
      marker = answer.json.next;
      t.is(marker === null, seen.length === 5);
    }
    t.deepEqual(seen, sorted);
    t.deepEqual((await list('?limit=1')).json, {
      sessions: [
        {
          session_id: made[0],
          state: 'MAINTENANCE',
          workflow: 'default',
          maintenance_at: '2026-01-01T12:00:00',
          percent_done: 0,
          paused_at: null,
        },
      ],
      next: made[0],
    });
    t.deepEqual((await list(`?marker=${sorted[4]}`)).json, { sessions: [], next: null });
    t.is((await list('?limit=5')).json.next, null, 'nothing follows a page that ends with the last one');
  });

  test.serial(
    `${kind.name}: the list is filtered by state and workflow; a deleted session marks its place`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const make = async (state: SessionState, workflow: string, second: number) =>
        (await api.session([], [], { state, workflow, createdAt: at(second) })).sessionId;
      const first = await make('MAINTENANCE_DONE', 'default', 1);
      const second = await make('MAINTENANCE_DONE', 'vnf', 2);
      const third = await make('SCALE_IN', 'vnf', 3);
      const list = async (query: string) =>
        idsOf(await api.send('GET', `/v1/maintenance?${query}`, { token: 'admin', headers: PAGED }));
      t.deepEqual(await list('state=MAINTENANCE_DONE'), [first, second]);
      t.deepEqual(await list('workflow=vnf'), [second, third]);
      t.deepEqual(await list('workflow=vnf&state=MAINTENANCE_DONE'), [second]);
      t.deepEqual(await list("workflow='%20or%201=1"), []);
      await api.send('DELETE', `/v1/maintenance/${second}`, { token: 'admin' });
      t.deepEqual(await list(`marker=${second}`), [third]);
      t.deepEqual(await list(''), [first, third]);
    },
  );
}

test('what a page cannot be asked by is refused by name', async (t) => {
  const api = await TestApi.start(t, databaseKinds[0] as (typeof databaseKinds)[number]);
  for (const [query, field] of [
    ['limit=0', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=many', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=', 'limit'],
    ['state=DONE', 'state'],
    ['marker=x', 'marker'],
    ['marker=00000000-0000-4000-8000-000000000000', 'marker'],
  ]) {
    const answer = await api.send('GET', `/v1/maintenance?${query}`, { token: 'admin', headers: PAGED });
    t.like(answer.json, { status: 400, field }, query as string);
    const plain = await api.send('GET', `/v1/maintenance?${query}`, { token: 'admin' });
    t.is(plain.status, 200, '1.0 has no such query');
  }
});
