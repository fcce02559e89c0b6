import test from 'ava';
import { giveHostBack } from '../../src/engine/decisions/hosts.js';
import { beginEffect } from '../../src/engine/effects/begin.js';
import { aHost } from '../support/api-records.js';
import { aDatabase, aLife, anOwnedSession } from '../support/engine-session.js';

for (const disabled of [true, false]) {
  test(`a host that is to be given back is ${disabled ? 'enabled' : 'left alone if it was meanwhile'}`, async (t) => {
    const repositories = await aDatabase(t);
    const { session, lease } = await anOwnedSession(repositories);
    const { sessionId } = session;
    const { context } = aLife(repositories, { session, lease, settings: { leaseS: 100_000 } });
    const host = aHost({ sessionId, hostname: 'c1', state: 'done', disabled });
    await context.writer.commit((unit) => repositories.hosts.add([host], unit.tx));
    await giveHostBack(context, { kind: 'give-host-back', host: 'c1' });
    const begun = await repositories.journal.current(sessionId);
    t.deepEqual(
      begun.map(({ subject, action }) => [subject, action]),
      disabled ? [['c1', 'enable']] : [],
    );
  });
}

test('what became of a move that outlasted all patience is known also while its host waits again', async (t) => {
  const repositories = await aDatabase(t);
  const { session, lease } = await anOwnedSession(repositories);
  const { sessionId } = session;
  const { context } = aLife(repositories, { session, lease, settings: { leaseS: 100_000 } });
  const host = aHost({ sessionId, hostname: 'c1', state: 'waiting' });
  await context.writer.commit(async (unit) => {
    await repositories.hosts.add([host], unit.tx);
    for (const kind of ['move', 'settle'] as const) {
      const effect = { kind, subject: 'i1', host: 'c1', action: kind, intent: { action: 'MIGRATE', from: 'c1' } };
      const entry = await beginEffect(context, unit, effect);
      await repositories.journal.end(entry, 'failed', { result: 'failed', underWay: true }, unit.tx);
    }
    await repositories.journal.supersedeFailed(sessionId, undefined, unit.tx);
  });
  t.deepEqual(
    (await repositories.journal.current(sessionId)).map(({ kind, outcome }) => [kind, outcome?.underWay]),
    [['settle', true]],
  );
});
