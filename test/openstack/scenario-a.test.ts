import test from 'ava';
import { Story } from './support/story.js';

test('a cloud that is full: its application scales in by Heat, moves once, and scales back', async (t) => {
  const story = await Story.begin(t, { workers: 4 });
  const sessionId = await story.maintain();
  const detail = await story.ends(sessionId);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  await story.isInOrder(t);
  await story.tellsWaits(t, sessionId);
  t.log(JSON.stringify(await story.moves()));
  t.log(JSON.stringify(await story.fenix.client.history(sessionId)));
});
