import test from 'ava';
import type { JournalEntry } from '../../src/model/index.js';
import { prospectOf } from '../../src/workflow/prospects.js';
import { anEffect, aServer, aView } from '../support/engine-views.js';

/** What holds a server that is half moved, after these effects of ours. */
function heldBy(...effects: JournalEntry[]): string | undefined {
  const server = aServer('i1', 'c1', { status: 'RESIZE' });
  const prospect = prospectOf(aView({ servers: [server], rest: { effects } }), server, undefined, undefined);
  return 'held' in prospect ? prospect.held : undefined;
}

const gaveUp = { state: 'superseded', outcome: { result: 'failed', underWay: true } } as const;

test('a resize that is none of ours waits for its owner', (t) => {
  t.regex(heldBy() ?? '', /waits for its owner to confirm or revert a resize/);
  t.regex(heldBy(anEffect({ subject: 'other', ...gaveUp })) ?? '', /waits for its owner/);
});

test('a migration of ours that outlasted all patience is said to be one, also after an admin let the session go on', (t) => {
  t.regex(heldBy(anEffect({ kind: 'settle', ...gaveUp })) ?? '', /migration that did not end in time/);
});

test('once such a migration has ended after all, a later resize is its owner’s', (t) => {
  const ended = anEffect({ kind: 'settle', state: 'done', outcome: { result: 'moved' } });
  t.regex(heldBy(anEffect(gaveUp), ended) ?? '', /waits for its owner/);
});
