import type { SessionDetail } from '../../client/index.js';
import { boxTable } from '../output/box.js';
import { cellText } from '../output/cell.js';
import { fieldOf, type Row, type View } from '../output/render.js';
import { instancesByHost } from '../status-of.js';

/** A session in short. */
export function summaryView(detail: SessionDetail): View {
  return { object: summary(detail), table: (most) => headTable(inWords(detail), most) };
}

/** For people: a number of hosts only where there is one. */
function inWords(detail: SessionDetail): Row {
  const { hosts, scope } = detail;
  const narrowed = Object.keys(scope).length > 0 ? ' of the scope' : '';
  const unknown = `not looked up yet: those given, else all${narrowed}`;
  return { ...summary(detail), hosts: hosts.length || unknown };
}

function headTable(head: Row, most: number): string[] {
  const rows = Object.entries(head).map(([field, value]) => [field, cellText(value)]);
  return boxTable(['field', 'value'], rows, most);
}

function summary(detail: SessionDetail): Row {
  const { hosts, waiting, reason } = detail;
  return {
    session_id: detail.session_id,
    state: detail.state,
    prev_state: detail.prev_state,
    paused_at: detail.paused_at,
    workflow: detail.workflow,
    maintenance_at: detail.maintenance_at,
    percent_done: detail.percent_done,
    // None before its engine has looked which there are: it may well be about all.
    hosts: hosts.length || null,
    hosts_maintained: hosts.filter(({ maintained }) => maintained).length,
    waiting_for: waiting?.message ?? null,
    waiting_until: waiting?.until ?? null,
    reason: reason?.message ?? null,
  };
}

export const HOST_COLUMNS = ['hostname', 'type', 'state', 'maintained', 'disabled', 'instances', 'waits_for', 'until'];

export function hostRows(detail: SessionDetail): Row[] {
  const byHost = instancesByHost(detail);
  return detail.hosts.map(({ hostname, type, state, maintained, disabled, blocked }) => ({
    hostname,
    type,
    state,
    maintained,
    disabled,
    instances: byHost.get(hostname) ?? 0,
    waits_for: blocked?.message ?? null,
    until: blocked?.until ?? null,
  }));
}

/** Everything known of a session: as the API tells it, and for people as a table per kind of thing. */
export function detailView(detail: SessionDetail): View {
  return { object: detail, table: (most) => detailTables(detail, most) };
}

function detailTables(detail: SessionDetail, most: number): string[] {
  const { metadata, scope, limits, policy } = detail;
  const titled = titledWithin(most);
  const head = { ...inWords(detail), ...filled({ metadata, scope, limits, policy }) };
  return [
    ...headTable(head, most),
    ...titled('hosts', HOST_COLUMNS, hostRows(detail)),
    ...titled('excluded', ['hostname', 'reason'], detail.excluded),
    ...titled('projects', ['project_id', 'state', 'scaled_in', 'reply_at', 'replies', 'rounds'], detail.projects),
    ...titled(
      'instances',
      ['instance_id', 'instance_name', 'project_id', 'host', 'state', 'project_state', 'action', 'action_done'],
      detail.instances,
    ),
    ...titled('actions', ['type', 'order', 'name', 'plugin', 'metadata'], detail.action_plugins),
    ...titled('runs', ['hostname', 'type', 'name', 'state', 'attempt'], detail.action_plugin_instances),
    ...titled('downloads', ['url', 'state', 'sha256'], detail.download),
    ...titled('left', ['left', 'what'], leftRows(detail)),
  ];
}

function leftRows({ left }: SessionDetail): Row[] {
  return [
    ...left.hosts.map((host) => ({ left: 'host stays disabled', what: host })),
    ...left.moves.map((move) => ({ left: 'move without an end', what: `${move.action} of ${move.instance_id}` })),
    ...left.stopped.map((id) => ({ left: 'instance was stopped', what: id })),
    ...left.projects.map((id) => ({ left: 'project was not told MAINTENANCE_COMPLETE', what: id })),
    ...left.notifications.map((one) => ({
      left: 'notification does not go out',
      what: `${one.event_type}: ${one.error}`,
    })),
  ];
}

/** Tables with a title each, where there is anything in them. */
function titledWithin(most: number): (title: string, columns: readonly string[], rows: readonly Row[]) => string[] {
  return (title, columns, rows) => {
    if (rows.length === 0) return [];
    const cells = rows.map((row) => columns.map((column) => cellText(fieldOf(row, column))));
    return ['', title, ...boxTable(columns, cells, most)];
  };
}

function filled(values: Readonly<Record<string, object>>): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Object.keys(value).length > 0));
}
