import type { HostState } from '../model/index.js';
import { formatDuration } from './duration.js';
import { hostGrid, legend, wordOf } from './host-grid.js';
import { type Color, cutLine, type Line } from './line.js';
import { counted, type HostStatus, type Section, type SessionStatus } from './session-status.js';
import { padText, widthOf } from './text.js';

/** What a frame may take of the terminal, both from 1. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const GAP = '  ';
const WIDE_TERMINAL = 70;

/**
 * The picture of a session: header, what it waits for, which hosts are worked on, the hosts, the legend and totals. Never
 * larger than `size`; too little room costs the cells of the hosts first, then lines from below.
 *
 * @param status cleaned
 * @param since domain time at which the display began
 */
export function drawFrame(status: SessionStatus, since: Date, size: Size): Line[] {
  const above = [header(status, since, size.columns), waitLine(status), workLine(status.hosts)];
  above.push(...(status.sections ?? []).flatMap(sectionLines));
  const below = [...legend(status.hosts, size.columns), totalsLine(status), ...newsLines(status.news)];
  const grid = hostGrid(status.hosts, size.columns, size.rows - above.length - below.length);
  return [...above, ...grid, ...below].slice(0, size.rows).map((line) => cutLine(line, size.columns));
}

function header(status: SessionStatus, since: Date, columns: number): Line {
  const percent = Math.floor(Math.min(100, Math.max(0, status.percentDone)));
  const length = columns < WIDE_TERMINAL || status.remaining !== undefined ? 10 : 20;
  const filled = Math.floor((length * percent) / 100);
  const facts = [padText(`${percent} %`, 5, 'right'), ...clockFacts(status, since)];
  const room = columns - widthOf(status.state) - GAP.length - length;
  // The least important stand last.
  while (facts.length > 1 && widthOf(GAP + facts.join(GAP)) > room) facts.pop();
  return [
    { text: status.state, color: colorOf(status.state) },
    { text: GAP },
    { text: '█'.repeat(filled), color: 'green' },
    { text: '░'.repeat(length - filled), color: 'grey' },
    { text: GAP + facts.join(GAP) },
  ];
}

function clockFacts({ domainTime, speed, remaining }: SessionStatus, since: Date): string[] {
  const elapsedS = Math.floor((domainTime.getTime() - since.getTime()) / 1000);
  return [
    domainTime.toISOString().slice(11, 19),
    ...(remaining === undefined ? [] : [remaining]),
    formatDuration(elapsedS),
    ...(speed === 1 ? [] : [`×${Math.round(speed * 100) / 100}`]),
  ];
}

function colorOf(state: string): Color | undefined {
  if (state === 'MAINTENANCE_FAILED') return 'red';
  return state === 'MAINTENANCE_DONE' ? 'green' : undefined;
}

/** The deadline stands before the message, so that a narrow terminal still shows it. */
function waitLine({ waiting, domainTime }: SessionStatus): Line {
  if (waiting === null) return [];
  const leftS = Math.ceil((waiting.until.getTime() - domainTime.getTime()) / 1000);
  const limit = leftS > 0 ? `at most ${formatDuration(leftS)} more` : 'its time is over';
  return [{ text: `Waits for ${waiting.for}, ${limit}: `, color: 'yellow' }, { text: waiting.message }];
}

function workLine(hosts: readonly HostStatus[]): Line {
  const works = (['emptying', 'in_maintenance', 'failed'] as const).flatMap((state) => namesIn(hosts, state));
  return works.length === 0 ? [] : [{ text: works.join(GAP) }];
}

function sectionLines({ title, lines, most }: Section): Line[] {
  const shown = lines.length <= most ? lines : lines.slice(0, most - 1);
  const more = lines.length - shown.length;
  return [
    ...shown.map((text, index): Line => [{ text: index === 0 ? `${title}: ` : '  ', color: 'cyan' }, { text }]),
    ...(more > 0 ? [[{ text: `  and ${more} more`, color: 'grey' as const }]] : []),
  ];
}

function newsLines(news: readonly string[] = []): Line[] {
  return news.map((text) => [{ text, color: 'grey' }]);
}

function namesIn(hosts: readonly HostStatus[], state: HostState): string[] {
  const names = hosts.filter((host) => host.state === state).map(({ hostname }) => hostname);
  return names.length === 0 ? [] : [`${wordOf(state)}: ${names.join(', ')}`];
}

function totalsLine({ sessionId, hosts, moved, notices }: SessionStatus): Line {
  const totals = [counted(hosts.length, 'host'), counted(moved, 'move'), counted(notices, 'notice')];
  return [{ text: `${totals.join(', ')}${GAP}session ${sessionId}`, color: 'grey' }];
}
