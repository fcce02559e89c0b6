import mysql, { type RowDataPacket } from 'mysql2/promise';
import type { Request } from './request-log.js';

export type WaitedFor = 'maintenance_at' | 'managers' | 'the cloud' | 'plug-ins' | 'a rest of the protocol' | 'Fenix';

interface Span {
  readonly what: WaitedFor;
  readonly from: number;
  readonly to: number;
}

/** What a session's time went by with, from what Fenix itself recorded; seconds. */
export interface Waited {
  readonly total: number;
  readonly by: Readonly<Partial<Record<WaitedFor, number>>>;
  /** The part in which nothing but Fenix was waited for. */
  readonly share: number;
  /** The longest of those times, each between two lines of its history. */
  readonly longest: readonly string[];
}

/** Instants as milliseconds of Unix time; everything in one query, each row a span. */
const SPANS = `
  SELECT 'maintenance_at' AS what, created_at AS began, maintenance_at AS ended FROM sessions WHERE session_id = :id
  UNION ALL
  SELECT 'maintenance_at', opened_at, actions_at FROM notices WHERE session_id = :id AND state = 'MAINTENANCE'
  UNION ALL
  SELECT 'managers', n.opened_at, (
    SELECT MIN(r.received_at) FROM replies r WHERE r.session_id = n.session_id AND r.project_id = n.project_id
      AND r.state LIKE CONCAT('%ACK_', n.state) AND r.received_at >= n.opened_at
  ) FROM notices n WHERE n.session_id = :id AND n.reply_at IS NOT NULL
  UNION ALL
  SELECT IF(kind = 'plugin', 'plug-ins', 'the cloud'), begun_at, ended_at FROM journal WHERE session_id = :id
  UNION ALL
  SELECT 'a rest of the protocol', r.received_at, r.received_at + INTERVAL 2 SECOND FROM replies r WHERE r.session_id = :id
    AND EXISTS (SELECT 1 FROM notices n WHERE n.session_id = r.session_id AND r.state LIKE CONCAT('%ACK_', n.state)
      AND n.opened_at BETWEEN r.received_at + INTERVAL 2 SECOND AND r.received_at + INTERVAL 4 SECOND)`;

/**
 * Of a session that is over.
 * @param database as the cloud's server calls it
 * @param requests what Fenix asked the cloud's services, and how long they took by their own logs
 */
export async function waited(
  serverUrl: string,
  database: string,
  sessionId: string,
  requests: readonly Request[],
): Promise<Waited> {
  const connection = await mysql.createConnection({ uri: serverUrl, database, timezone: 'Z', namedPlaceholders: true });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(SPANS, { id: sessionId });
    const [[session]] = await connection.query<RowDataPacket[]>(
      'SELECT created_at AS began, state_since AS ended FROM sessions WHERE session_id = :id',
      { id: sessionId },
    );
    const whole = spanOf('Fenix', session);
    if (whole === undefined) throw new Error(`There is no session ${sessionId}`);
    const [history] = await connection.query<RowDataPacket[]>(
      'SELECT at, what, details FROM history WHERE session_id = :id ORDER BY at',
      { id: sessionId },
    );
    const spans = rows.flatMap((row) => spanOf(row.what as WaitedFor, row) ?? []);
    const asked = requests.map((request): Span => ({ what: 'the cloud', ...request }));
    return shares(whole, [...spans, ...asked], history as Line[]);
  } finally {
    await connection.end();
  }
}

function spanOf(what: WaitedFor, row: RowDataPacket | undefined): Span | undefined {
  if (row?.began == null || row.ended == null) return undefined;
  return { what, from: (row.began as Date).getTime(), to: (row.ended as Date).getTime() };
}

interface Line {
  readonly at: Date;
  readonly what: string;
  readonly details: string;
}

/** Each moment belongs to the first of the spans around it. */
function shares(whole: Span, spans: readonly Span[], history: readonly Line[]): Waited {
  const edges = [whole, ...spans]
    .flatMap(({ from, to }) => [from, to])
    .filter((at) => at >= whole.from && at <= whole.to);
  const instants = [...new Set(edges)].sort((a, b) => a - b);
  const by: Partial<Record<WaitedFor, number>> = {};
  const own: Span[] = [];
  for (const [index, from] of instants.slice(0, -1).entries()) {
    const to = instants[index + 1] as number;
    const { what } = spans.find((span) => span.from <= from && span.to >= to) ?? whole;
    by[what] = (by[what] ?? 0) + (to - from) / 1000;
    if (what === 'Fenix') own.push({ what, from, to });
  }
  const total = (whole.to - whole.from) / 1000;
  const longest = own.sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, 8);
  return { total, by, share: (by.Fenix ?? 0) / total, longest: longest.map((span) => described(span, history)) };
}

function described({ from, to }: Span, history: readonly Line[]): string {
  const words = (line: Line | undefined): string =>
    line === undefined ? '' : `${line.what} ${line.details.slice(0, 90)}`;
  const before = history.findLast(({ at }) => at.getTime() <= from + 1);
  const after = history.find(({ at }) => at.getTime() >= to - 1);
  return `${((to - from) / 1000).toFixed(2)} s between ${words(before)} and ${words(after)}`;
}
