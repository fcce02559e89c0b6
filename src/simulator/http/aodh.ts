import { type Request, type Response, Router } from 'express';
import type { Alarm, AlarmStore } from '../alarms/store.js';
import type { Cloud } from '../cloud.js';
import type { Caller } from '../records.js';
import { Refusal } from '../refusal.js';
import type { AppParts } from './app.js';
import {
  authenticate,
  callerOf,
  isObject,
  type JsonObject,
  micros,
  param,
  query,
  queryAll,
  refusals,
  seconds,
} from './wire.js';

/** Alarming API v2, event alarms without a query only. */
export function aodhRouter({ cloud, tokens, alarms, endpoints }: AppParts): Router {
  const router = Router();
  router.get('/', (_request, response) => void response.json(rootDocument(endpoints().alarming)));
  router.use((request, response, next) => authenticate(tokens, endpoints().identity)(request, response, next));
  router.get('/v2/alarms', (request, response) => {
    response.json(listed(alarms, request, callerOf(response)).map((alarm) => view(alarm)));
  });
  router.post('/v2/alarms', (request, response) => {
    const alarm = create(cloud, request.body, callerOf(response));
    alarms.add(alarm);
    response.status(201).set('Location', `${endpoints().alarming}/v2/alarms/${alarm.alarm_id}`).json(view(alarm));
  });
  router.get('/v2/alarms/:id', (request, response) => void response.json(view(own(alarms, request, response))));
  router.delete('/v2/alarms/:id', (request, response) => {
    alarms.remove(own(alarms, request, response).alarm_id);
    response.status(204).end();
  });
  router.use(
    refusals(({ message }) => ({ error_message: { faultcode: 'Client', faultstring: message, debuginfo: null } })),
  );
  return router;
}

function own(alarms: AlarmStore, request: Request, response: Response): Alarm {
  const id = param(request, 'id');
  const alarm = alarms.get(id);
  const { admin, projectId } = callerOf(response);
  if (alarm === undefined || !(admin || alarm.project_id === projectId))
    throw new Refusal(404, `Alarm ${id} not found`);
  return alarm;
}

/** The caller's project's alarms; all projects' for admins who ask with `q`. */
function listed(alarms: AlarmStore, request: Request, caller: Caller): Alarm[] {
  const unknown = Object.keys(request.query).find((name) => !KNOWN_ARGUMENTS.includes(name));
  if (unknown !== undefined) throw new Refusal(400, `Unknown argument: "${unknown}"`);
  const values = queryAll(request, 'q.value');
  const filters = queryAll(request, 'q.field').map((field, index) => ({ field, value: values[index] ?? '' }));
  const everybodys = filters.some(({ field, value }) => field === 'all_projects' && value.toLowerCase() === 'true');
  if (everybodys && !caller.admin) throw new Refusal(401, 'Not Authorized to access project');
  const rest = filters.filter(({ field }) => field !== 'all_projects');
  const found = alarms
    .all()
    .filter((alarm) => everybodys || alarm.project_id === caller.projectId)
    .filter((alarm) => rest.every((filter) => fits(alarm, filter)));
  const [limit, marker] = [query(request, 'limit'), query(request, 'marker')];
  const begin = marker === undefined ? 0 : found.findIndex(({ alarm_id: id }) => id === marker) + 1;
  return found.slice(begin, limit === undefined ? undefined : begin + Number(limit));
}

const KNOWN_ARGUMENTS = ['q.field', 'q.op', 'q.value', 'q.type', 'sort', 'limit', 'marker'];

function fits(alarm: Alarm, { field, value }: { readonly field: string; readonly value: string }): boolean {
  if (field === 'project' || field === 'project_id') return alarm.project_id === value;
  if (field === 'name' || field === 'type' || field === 'state') return alarm[field] === value;
  if (field === 'enabled') return String(alarm.enabled) === value.toLowerCase();
  throw new Refusal(400, `Unknown argument: "${field}"`);
}

function create(cloud: Cloud, body: unknown, caller: Caller): Alarm {
  if (!isObject(body)) throw new Refusal(400, 'Invalid input for field/attribute data.');
  const rule = body.event_rule;
  if (typeof body.name !== 'string')
    throw new Refusal(400, 'Invalid input for field/attribute name. Value: None. Mandatory field missing.');
  if (body.type !== 'event') throw new Refusal(400, `Alarm type ${String(body.type)} is not simulated`);
  if (!isObject(rule)) throw new Refusal(400, 'event_rule must be set for event type alarm');
  if (Array.isArray(rule.query) && rule.query.length > 0)
    throw new Refusal(400, 'Queries of event rules are not simulated');
  const now = cloud.now();
  return {
    alarm_id: cloud.newUuid(),
    name: body.name,
    description: typeof body.description === 'string' ? body.description : 'Alarm when event occurred.',
    enabled: body.enabled !== false,
    ok_actions: urls(body, 'ok_actions'),
    alarm_actions: urls(body, 'alarm_actions'),
    insufficient_data_actions: urls(body, 'insufficient_data_actions'),
    repeat_actions: body.repeat_actions === true,
    type: 'event',
    project_id: caller.admin && typeof body.project_id === 'string' ? body.project_id : caller.projectId,
    user_id: caller.userId,
    timestamp: now,
    severity: typeof body.severity === 'string' ? body.severity : 'low',
    eventType: typeof rule.event_type === 'string' ? rule.event_type : '*',
    state: 'insufficient data',
    state_reason: 'Not evaluated yet',
    state_timestamp: now,
  };
}

function urls(body: JsonObject, name: string): string[] {
  const value = body[name];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function view(alarm: Alarm): object {
  return {
    alarm_id: alarm.alarm_id,
    name: alarm.name,
    description: alarm.description,
    enabled: alarm.enabled,
    ok_actions: alarm.ok_actions,
    alarm_actions: alarm.alarm_actions,
    insufficient_data_actions: alarm.insufficient_data_actions,
    repeat_actions: alarm.repeat_actions,
    type: alarm.type,
    time_constraints: [],
    project_id: alarm.project_id,
    user_id: alarm.user_id,
    timestamp: micros(alarm.timestamp),
    state: alarm.state,
    state_timestamp: micros(alarm.state_timestamp),
    state_reason: alarm.state_reason,
    severity: alarm.severity,
    evaluate_timestamp: seconds(alarm.timestamp).slice(0, -1),
    ...ruleOf(alarm),
  };
}

/** Every type of alarm has its rule under a name of its own. */
function ruleOf({ type, eventType }: Alarm): object {
  if (type === 'event') return { event_rule: { event_type: eventType, query: [] } };
  if (type === 'composite') return { composite_rule: { or: [] } };
  return { [`${type}_rule`]: { metric: 'cpu', threshold: 80, comparison_operator: 'gt', evaluation_periods: 1 } };
}

function rootDocument(alarming: string): object {
  const links = [
    { href: `${alarming}/v2`, rel: 'self' },
    { href: 'https://docs.openstack.org/', rel: 'describedby', type: 'text/html' },
  ];
  const mediaTypes = [
    { base: 'application/json', type: 'application/vnd.openstack.telemetry-v2+json' },
    { base: 'application/xml', type: 'application/vnd.openstack.telemetry-v2+xml' },
  ];
  const version = { id: 'v2', links, 'media-types': mediaTypes, status: 'stable', updated: '2013-02-13T00:00:00Z' };
  return { versions: { values: [version] } };
}
