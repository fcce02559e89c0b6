import test from 'ava';
import { Story } from './support/story.js';

test('B: the engine is killed while it waits for a reply and during a migration; nothing is moved a second time', async (t) => {
  const story = await Story.begin(t, { workers: 2 });
  const { fenix, manager, cloud } = story;

  const answer = manager.hold('MAINTENANCE');
  const sessionId = await story.maintain();
  await story.reaches(sessionId, ({ waiting }) => waiting?.for === 'replies', 'waiting for a reply');
  await fenix.killEngine();
  // The reply comes while there is no engine.
  answer();
  await manager.answered('ACK_MAINTENANCE');
  cloud.delay('cold', 10);
  cloud.delay('live', 10);
  await fenix.startEngine();

  for (const type of ['migration', 'live-migration']) {
    await story.migrates(type);
    await fenix.killEngine();
    await fenix.startEngine();
  }
  const detail = await story.ends(sessionId);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  await story.isInOrder(t);
  await story.movedAsPlanned(t, sessionId);
  t.deepEqual(
    (await story.migrations()).filter(({ status }) => !['confirmed', 'completed'].includes(status)),
    [],
    'no request was sent twice',
  );
  t.deepEqual(manager.problems, []);
  await story.tellsWaits(t, sessionId);
});
