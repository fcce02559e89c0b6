import { fnmatch } from '../../../common/fnmatch.js';
import { isObject } from '../../../common/is-object.js';

/**
 * What Ceilometer must be told so that managers and admins hear of maintenance (v1 §3.5), read as Ceilometer reads its
 * files: the last definition that fits an event counts, event types are fnmatch patterns.
 */
const COMMON = ['service', 'project_id', 'state', 'session_id'];

/** A trait that is not defined does not reach those who listen. */
const TRAITS: Readonly<Record<string, readonly string[]>> = {
  'maintenance.scheduled': [
    ...COMMON,
    ...['allowed_actions', 'instance_ids', 'reply_url', 'actions_at', 'reply_at', 'metadata'],
  ],
  'maintenance.host': [...COMMON, 'host'],
  'maintenance.session': [...COMMON, 'percent_done'],
};
/** Ceilometer gives every event this one. */
const BY_ITSELF = 'service';

/** To which Aodh listens. */
export const PUBLISHER = 'notifier://?topic=alarm.all';
const SUCH_A_PUBLISHER = /^notifier:\/\/.*[?&]topic=alarm\.all(&|$)/;

/** What an event_definitions.yaml lacks, in words. @param content the parsed file; undefined: it does not hold a list */
export function lackingDefinitions(content: unknown): readonly string[] | undefined {
  if (!Array.isArray(content)) return undefined;
  const definitions = content.filter(isObject);
  return Object.entries(TRAITS).flatMap(([type, traits]) => {
    const definition = definitions.findLast((one) => fits(one.event_type, type));
    if (definition === undefined) return [`no definition of ${type}`];
    const given = Object.entries(isObject(definition.traits) ? definition.traits : {});
    const missing = traits.filter(
      (trait) => trait !== BY_ITSELF && !given.some(([name, how]) => shows(name, how, trait)),
    );
    return missing.length === 0 ? [] : [`${type} without ${missing.join(', ')}`];
  });
}

export interface PipelineNeeds {
  /** Whether any sink publishes to where Aodh listens. */
  readonly isPublished: boolean;
  /** Event types that no source leads to such a sink. */
  readonly unheard: readonly string[];
  /** Indexes of sinks to which sources lead all our events, wherever they publish. */
  readonly feeding: readonly number[];
}

/** @param content a parsed event_pipeline.yaml */
export function pipelineNeeds(content: unknown): PipelineNeeds {
  const sinks = listIn(content, 'sinks');
  const sources = listIn(content, 'sources');
  const leads = (names: readonly unknown[], type: string): boolean =>
    sources.some(({ sinks: to, events }) => [to].flat().some((sink) => names.includes(sink)) && fits(events, type));
  const alarming = sinks.filter(({ publishers }) =>
    [publishers].flat().some((one) => SUCH_A_PUBLISHER.test(String(one))),
  );
  const names = alarming.map(({ name }) => name);
  const types = Object.keys(TRAITS);
  return {
    isPublished: names.length > 0,
    unheard: types.filter((type) => !leads(names, type)),
    feeding: sinks.flatMap(({ name }, index) => (types.every((type) => leads([name], type)) ? [index] : [])),
  };
}

function listIn(content: unknown, key: string): Record<string, unknown>[] {
  const list = isObject(content) ? content[key] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/** A trait of that name, made of the payload's field. */
function shows(name: string, how: unknown, trait: string): boolean {
  const fields = isObject(how) ? [how.fields].flat() : [];
  return name === trait && fields.some((field) => String(field).replace(/^\$\./, '') === `payload.${trait}`);
}

/** Ceilometer's event_type: one or several fnmatch patterns, those with an exclamation mark exclude. */
function fits(patterns: unknown, type: string): boolean {
  const all = [patterns].flat().map(String);
  const excluded = all.filter((one) => one.startsWith('!')).map((one) => one.slice(1));
  const included = all.filter((one) => !one.startsWith('!'));
  const matches = (pattern: string): boolean => fnmatch(pattern, type);
  return !excluded.some(matches) && (included.length === 0 || included.some(matches));
}
