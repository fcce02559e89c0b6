import test, { type ExecutionContext } from 'ava';
import { closeNotice, repeatNotice } from '../../src/engine/decisions/notices.js';
import { aNotice } from '../support/api-records.js';
import { aDatabase, aLife, anOwnedSession } from '../support/engine-session.js';
import { at } from '../support/engine-views.js';

/** An open notice to a project, and perhaps its answer, which nobody has read yet. */
async function anOpenNotice(t: ExecutionContext, answeredBy: string | null) {
  const repositories = await aDatabase(t);
  const { session, lease } = await anOwnedSession(repositories);
  const { sessionId } = session;
  const { context } = aLife(repositories, { session, lease, settings: { leaseS: 100_000 } });
  await context.writer.commit((unit) => repositories.notices.insert(aNotice({ sessionId }), unit.tx));
  if (answeredBy !== null)
    await repositories.replies.insert([
      {
        sessionId,
        projectId: answeredBy,
        instanceId: null,
        state: 'ACK_MAINTENANCE',
        deferSeconds: null,
        instanceActions: {},
        instanceAction: null,
        userId: 'manager',
        requestId: 'req-1',
        receivedAt: at(0),
      },
    ]);
  const isOpen = async () => (await repositories.notices.open(sessionId, 'tenant')).length === 1;
  const published = async () => (await repositories.outbox.pending(sessionId, 10)).length;
  return { context, isOpen, published };
}

const SILENT = { kind: 'close-notice', noticeId: 1, outcome: 'silent' } as const;
const AGAIN = { kind: 'repeat-notice', noticeId: 1, replyAt: at(100), actionsAt: at(100) } as const;

test('an answer that came after the decision to give up still counts', async (t) => {
  const { context, isOpen } = await anOpenNotice(t, 'tenant');
  await context.writer.commit((unit) => closeNotice(context, unit, SILENT));
  t.true(await isOpen());
});

test('an answer that came after the decision to ask again keeps the project from being told twice', async (t) => {
  const { context, published } = await anOpenNotice(t, 'tenant');
  await context.writer.commit((unit) => repeatNotice(context, unit, AGAIN));
  t.is(await published(), 0);
});

test('the answer of somebody else is no answer', async (t) => {
  const { context, isOpen, published } = await anOpenNotice(t, 'another');
  await context.writer.commit((unit) => repeatNotice(context, unit, AGAIN));
  t.is(await published(), 1);
  await context.writer.commit((unit) => closeNotice(context, unit, SILENT));
  t.false(await isOpen());
});
