import type { HistoryLine } from '../../client/index.js';
import { counted } from '../session-status.js';
import { plainText } from '../text.js';

type Sentence = (line: Readonly<Record<string, unknown>>) => string;

/** Lines of a session's history that people look for; the others are shown by their keys. */
const SENTENCES: Readonly<Record<string, Sentence>> = {
  state: ({ from, to, why, reason }) => `${from} -> ${to}: ${reason ? messageIn(reason) : why}`,
  host: ({ host, from, to, why }) => `${host}: ${from} -> ${to}, ${why}`,
  waiting: ({ message, until }) => `${message} (until ${until}Z)`,
  notice: ({ project, state, host, instances, reply_at: replyAt }) =>
    `${state} to project ${project}${host ? ` about ${host}` : ''}, ${counted(lengthOf(instances), 'instance')}` +
    `${replyAt ? `, answer until ${replyAt}Z` : ''}`,
  reply: ({ project, state, instance }) => `${state} of project ${project}${instance ? ` for ${instance}` : ''}`,
  'effect-begun': ({ action, subject, from, target, attempt }) =>
    `${action} of ${subject}${from ? ` from ${from}` : ''}${target ? ` to ${target}` : ''}` +
    `${Number(attempt) > 1 ? `, attempt ${attempt}` : ''}`,
  'move-ended': ({ instance, result, from, host }) => `${instance}: ${result}, ${from} -> ${host ?? '?'}`,
  'move-failed': ({ instance, from, message }) => `${instance} on ${from}: ${message}`,
  'plug-in-ended': ({ host, type, name, state }) => `${name} (${type}) on ${host}: ${state}`,
  'service-disabled': ({ host }) => `compute service of ${host}`,
  'service-enabled': ({ host }) => `compute service of ${host}`,
  question: ({ message, until }) => `${message} (until ${until}Z; fenix session continue)`,
};

/** What a line of the history says, on one line without control characters; its time and word stand elsewhere. */
export function eventText(line: HistoryLine): string {
  const sentence = Object.hasOwn(SENTENCES, line.what) ? SENTENCES[line.what] : undefined;
  return plainText(sentence === undefined ? byKeys(line) : sentence(line));
}

/** What a line tells besides when, who and what. */
export function detailsOf({ at: _at, who: _who, what: _what, ...details }: HistoryLine): Record<string, unknown> {
  return details;
}

/** Whose request it was and from where stands in the history, not in what is read in passing. */
const IN_PASSING = new Set(['request_id', 'address']);

function byKeys(line: HistoryLine): string {
  return Object.entries(detailsOf(line))
    .filter(([key, value]) => value !== null && !IN_PASSING.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

function messageIn(reason: unknown): string {
  return String((reason as { readonly message?: unknown }).message ?? '');
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}
