import { isMap, isSeq, parseDocument } from 'yaml';
import { lackingDefinitions, PUBLISHER, pipelineNeeds } from './needs.js';

/*
 * Changes to Ceilometer's files as texts, so that everything else in them stays as its operator wrote it. What is added is
 * marked, which lets it be brought up to date and taken out again; what others added is never touched.
 */
const BEGIN = '# --- added by fenix-manage ceilometer add ---';
const END = '# --- end of what fenix-manage added ---';
const BLOCK = new RegExp(`^${BEGIN}\\n[^]*?^${END}\\n?`, 'gm');
const MARK = '# added by fenix-manage';
const MARKED_LINE = new RegExp(`^ *- ${escaped(PUBLISHER)} ${MARK}\\n?`, 'gm');

/**
 * Event definitions with ours, unless what others wrote there has all that is needed.
 * @param shipped the text of our definitions @throws Error saying what must be done by hand
 */
export function withDefinitions(text: string, shipped: string): string {
  const others = withoutDefinitions(text);
  const lacking = lackingDefinitions(parsed(others) ?? []);
  if (lacking === undefined) throw new Error('It does not hold a list of definitions; nothing was changed.');
  if (lacking.length === 0) return others;
  const added = `${ended(others)}${BEGIN}\n${ended(shipped)}${END}\n`;
  const document = parseDocument(added);
  if (document.errors.length === 0 && lackingDefinitions(document.toJS())?.length === 0) return added;
  throw new Error('Our definitions cannot be appended to a list that is written so; write a "- " per definition.');
}

/** Event definitions without those that were added. */
export function withoutDefinitions(text: string): string {
  return text.replace(BLOCK, '');
}

/**
 * A pipeline in which the sinks of all events publish to where Aodh listens; as it is, if one does.
 * @throws Error saying what must be done by hand
 */
export function withPublisher(text: string): string {
  const { unheard, feeding } = pipelineNeeds(parsed(text));
  if (unheard.length === 0) return text;
  if (feeding.length === 0) throw new Error('No sink is given all events by a source; add one to it by hand.');
  const added = feeding.reduceRight((changed, sink) => insertedAt(changed, firstPublisher(text, sink)), text);
  if (pipelineNeeds(parsed(added)).unheard.length === 0) return added;
  throw new Error(`The publishers are not written as a list with "- "; add ${PUBLISHER} by hand.`);
}

/** A pipeline without the publishers that were added. */
export function withoutPublisher(text: string): string {
  return text.replace(MARKED_LINE, '');
}

/** Where a sink's first publisher stands in the text. */
function firstPublisher(text: string, sink: number): number {
  const publishers = parseDocument(text).getIn(['sinks', sink, 'publishers']);
  const [first] = isSeq(publishers) && !publishers.flow ? publishers.items : [];
  const range =
    first !== undefined && !isMap(first) ? (first as { range?: readonly number[] | null }).range : undefined;
  if (range?.[0] === undefined) throw new Error(`The publishers are not a list with "- "; add ${PUBLISHER} by hand.`);
  return range[0];
}

/** A line before that of the list's item there, as far in as that one. */
function insertedAt(text: string, item: number): string {
  const start = text.lastIndexOf('\n', item) + 1;
  const indent = /^ */.exec(text.slice(start))?.[0] ?? '';
  return `${text.slice(0, start)}${indent}- ${PUBLISHER} ${MARK}\n${text.slice(start)}`;
}

function parsed(text: string): unknown {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw error;
  return document.toJS();
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
