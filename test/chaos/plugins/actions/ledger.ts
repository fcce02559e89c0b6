import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plusSeconds } from '../../../../src/common/clock.js';
import { Stopped } from '../../../../src/common/errors.js';
import type { ActionContext, ActionPlugin } from '../../../../src/workflow/contract.js';

interface LedgerMetadata {
  /** Folder that all engines see: the world in which the work is done. */
  readonly folder: string;
  /** Domain seconds that the work takes. */
  readonly duration: number;
  /** Hosts on which it fails. */
  readonly fail_on?: readonly string[];
}

/** A line of the ledger. */
export interface LedgerLine {
  readonly what: 'begin' | 'done' | 'probe';
  readonly key: string;
  readonly pid: number;
  /** With `begin` and `probe`: whether the work was there already. */
  readonly isThere: boolean;
}

const LEDGER = 'ledger.jsonl';

/** What was written into that folder, in order. */
export function readLedger(folder: string): readonly LedgerLine[] {
  const file = join(folder, LEDGER);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LedgerLine]));
}

function keyOf({ sessionId, type, name, host, attempt }: ActionContext): string {
  return [sessionId, type, name, host, attempt].join(' ');
}

function metadataOf({ metadata }: ActionContext): LedgerMetadata {
  return metadata as unknown as LedgerMetadata;
}

function markOf(context: ActionContext): string {
  return join(metadataOf(context).folder, `done ${keyOf(context)}`);
}

function note(context: ActionContext, what: LedgerLine['what'], isThere: boolean): void {
  const line: LedgerLine = { what, key: keyOf(context), pid: process.pid, isThere };
  appendFileSync(join(metadataOf(context).folder, LEDGER), `${JSON.stringify(line)}\n`);
}

/** Work that can be seen from outside when it is done, and that says each time that it is begun. */
async function run(context: ActionContext): Promise<string> {
  const { duration, fail_on: failOn = [] } = metadataOf(context);
  note(context, 'begin', existsSync(markOf(context)));
  await context.clock.sleep(plusSeconds(context.clock.now(), duration), context.signal);
  if (context.signal.aborted) throw new Stopped();
  if (failOn.includes(context.host)) return 'FAILED';
  writeFileSync(markOf(context), '');
  note(context, 'done', true);
  return 'DONE';
}

async function probe(context: ActionContext): Promise<boolean> {
  const isThere = existsSync(markOf(context));
  note(context, 'probe', isThere);
  return isThere;
}

export default {
  name: 'ledger',
  version: '1.0.0',
  description: 'Leaves a mark outside of Fenix for each run, by which doubled ones are found',
  run,
  probe,
} satisfies ActionPlugin;
