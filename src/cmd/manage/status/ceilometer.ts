import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { FenixError, messageOf } from '../../../common/errors.js';
import { type Check, type Finding, failure, success, warning } from './check.js';

/** Where Ceilometer has its files, if it runs on this machine. */
export interface CeilometerFiles {
  readonly definitions: string;
  readonly pipeline: string;
}

const COMMON = ['service', 'project_id', 'state', 'session_id'];

/** What managers and admins are told; a trait that is not defined does not reach them (v1 §3.5). */
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
const PUBLISHER = /^notifier:\/\/.*[?&]topic=alarm\.all(&|$)/;
const SHIPPED = 'etc/fenix/ceilometer';

/** Ceilometer's event definitions and pipeline, as far as their files can be read here. */
export function ceilometerChecks({ definitions, pipeline }: CeilometerFiles): Check[] {
  return [
    {
      name: 'Ceilometer definitions',
      remedy: `Mend the file, or name another with --ceilometer-definitions; ${SHIPPED} has what is needed.`,
      run: () => (existsSync(definitions) ? checkDefinitions(definitions) : unseen(definitions, 'definitions')),
    },
    {
      name: 'Ceilometer pipeline',
      remedy: `Mend the file, or name another with --ceilometer-pipeline; ${SHIPPED} has what is needed.`,
      run: () => (existsSync(pipeline) ? checkPipeline(pipeline) : unseen(pipeline, 'pipeline')),
    },
  ];
}

function unseen(file: string, option: string): Finding {
  return warning(
    `There is no ${file} on this machine.`,
    `Run this where Ceilometer's notification agent runs, or give a copy with --ceilometer-${option}.`,
  );
}

function checkDefinitions(file: string): Finding {
  const definitions = listIn(file, read(file));
  const problems = Object.entries(TRAITS).flatMap(([type, traits]) => {
    // The last one that fits is used.
    const definition = definitions.findLast((one) => fits(one.event_type, type));
    if (definition === undefined) return [`no definition of ${type}`];
    const given = Object.entries(isRecord(definition.traits) ? definition.traits : {});
    const missing = traits.filter(
      (trait) => trait !== BY_ITSELF && !given.some(([name, how]) => shows(name, how, trait)),
    );
    return missing.length === 0 ? [] : [`${type} without ${missing.join(', ')}`];
  });
  if (problems.length === 0) return success(`${file} has all three event types.`);
  const remedy = `Append ${SHIPPED}/event_definitions.yaml, and restart Ceilometer's notification agent.`;
  return failure(`${file}: ${problems.join('; ')}.`, remedy);
}

/** A trait of that name, made of the payload's field. */
function shows(name: string, how: unknown, trait: string): boolean {
  const fields = isRecord(how) ? [how.fields].flat() : [];
  return name === trait && fields.some((field) => String(field).replace(/^\$\./, '') === `payload.${trait}`);
}

/** Ceilometer's event_type: one or several fnmatch patterns, those with an exclamation mark exclude. */
function fits(patterns: unknown, type: string): boolean {
  const all = [patterns].flat().map(String);
  const excluded = all.filter((one) => one.startsWith('!')).map((one) => one.slice(1));
  const included = all.filter((one) => !one.startsWith('!'));
  const matches = (pattern: string): boolean => wildcard(pattern).test(type);
  return !excluded.some(matches) && (included.length === 0 || included.some(matches));
}

function checkPipeline(file: string): Finding {
  const content = read(file);
  const sinks = isRecord(content) && Array.isArray(content.sinks) ? content.sinks : [];
  const sources = isRecord(content) && Array.isArray(content.sources) ? content.sources : [];
  const alarming = sinks
    .filter(isRecord)
    .filter(({ publishers }) => [publishers].flat().some((one) => PUBLISHER.test(String(one))));
  const names = new Set(alarming.map(({ name }) => name));
  const remedy = `Add publisher notifier://?topic=alarm.all to the event sink, as in ${SHIPPED}/event_pipeline.yaml, and restart.`;
  if (names.size === 0) return failure(`${file}: no sink publishes to alarm.all, where Aodh listens.`, remedy);
  const feeding = sources.filter(isRecord).filter((source) => [source.sinks].flat().some((sink) => names.has(sink)));
  const unheard = Object.keys(TRAITS).filter((type) => !feeding.some(({ events }) => fits(events, type)));
  if (unheard.length === 0) return success(`${file} publishes to alarm.all.`);
  return failure(`${file}: no source of the sink for alarm.all takes ${unheard.join(', ')}.`, remedy);
}

function listIn(file: string, content: unknown): Record<string, unknown>[] {
  if (Array.isArray(content)) return content.filter(isRecord);
  throw new FenixError('input', 'ceilometer-file', `${file} does not hold a list of definitions.`);
}

function read(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new FenixError('input', 'ceilometer-file', `${file}: ${messageOf(cause)}`, { cause });
  }
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\?/g, '.'));
  return new RegExp(`^${parts.join('.*')}$`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
