import { formatDuration } from './duration.js';
import { counted } from './session-status.js';
import { formatTable } from './table.js';
import { plainText } from './text.js';

/** How a session went, as judged from outside by what the cloud and the projects saw. */
export interface DemoReport {
  /** State in which the session ended. */
  readonly state: string;
  /** Why it did not end well. */
  readonly reason?: string;
  readonly hosts: number;
  readonly hostsMaintained: number;
  readonly instances: number;
  readonly moves: number;
  /** Times moved → how many instances were. */
  readonly movesPerInstance: ReadonlyMap<number, number>;
  /** Sentences. */
  readonly violations: readonly string[];
  /** Answers of the projects' managers. */
  readonly replies: number;
  /** Domain seconds spent waiting, by reason. */
  readonly waits: readonly { readonly for: string; readonly seconds: number }[];
  /** Availability of each manager's application, 0 to 1. */
  readonly serviceLevels: readonly {
    readonly manager: string;
    readonly availability: number;
    readonly outages: number;
  }[];
  /** While hosts were worked on: how long, and how long it takes at least; absent where that was not come through. */
  readonly rolling?: { readonly seconds: number; readonly lowerBoundS: number };
  /** Domain seconds from begin to end. */
  readonly makespanS: number;
  /** Real seconds. */
  readonly wallS: number;
}

const VIOLATIONS_SHOWN = 20;
/** Beyond that, applications that were never down share a line. */
const APPLICATIONS_SHOWN = 10;

/** Every host maintained, no constraint broken, no application ever down. */
export function wentWell(report: DemoReport): boolean {
  return shortcomings(report).length === 0;
}

/** The report for people: one clear sentence, figures, tables, violations. Ends without a newline. */
export function renderReport(report: DemoReport): string {
  const blocks = [[headline(report)], figures(report), movesTable(report), waitsTable(report), serviceTable(report)];
  return [...blocks, violationList(report)]
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

/** The report for programs: one line of JSON, violations as a number, without a newline. */
export function reportLine(report: DemoReport): string {
  return JSON.stringify({
    state: plainText(report.state),
    hosts: report.hosts,
    hosts_maintained: report.hostsMaintained,
    instances: report.instances,
    moves: report.moves,
    violations: report.violations.length,
    replies: report.replies,
    ...rollingKeys(report),
    makespan_s: roundMs(report.makespanS),
    wall_s: roundMs(report.wallS),
  });
}

function rollingKeys({ rolling, moves, instances }: DemoReport): object {
  if (rolling === undefined) return {};
  return {
    ...(instances > 0 && { moves_per_instance: roundMs(moves / instances) }),
    rolling_s: roundMs(rolling.seconds),
    lower_bound_s: roundMs(rolling.lowerBoundS),
    efficiency: roundMs(rolling.lowerBoundS / rolling.seconds),
  };
}

function roundMs(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

function headline(report: DemoReport): string {
  const missing = shortcomings(report);
  if (missing.length > 0) return `NOT all went well: ${missing.join('; ')}.`;
  return `All went well: ${counted(report.hosts, 'host')} maintained, no constraint broken, no application down.`;
}

function shortcomings(report: DemoReport): string[] {
  const notMaintained = report.hosts - report.hostsMaintained;
  const outages = report.serviceLevels.reduce((sum, level) => sum + level.outages, 0);
  return [
    ...(report.state === 'MAINTENANCE_DONE'
      ? []
      : [`the session ended in ${plainText(report.state)}${because(report)}`]),
    ...(notMaintained === 0 ? [] : [`${notMaintained} of ${counted(report.hosts, 'host')} not maintained`]),
    ...(report.violations.length === 0 ? [] : [counted(report.violations.length, 'violation')]),
    ...(outages === 0 ? [] : [counted(outages, 'outage')]),
  ];
}

/** The reason in brackets, without the full stop of its sentence. */
function because({ reason }: DemoReport): string {
  return reason === undefined ? '' : ` (${plainText(reason).replace(/\.$/, '')})`;
}

function figures(report: DemoReport): string[] {
  const perInstance = report.instances === 0 ? '' : `, ${(report.moves / report.instances).toFixed(2)} per instance`;
  return formatTable(
    [
      { title: '', align: 'left' },
      { title: '', align: 'left' },
    ],
    [
      ['State', plainText(report.state)],
      ['Hosts maintained', `${report.hostsMaintained} of ${report.hosts}`],
      ['Instances', String(report.instances)],
      ['Moves', `${report.moves}${perInstance}`],
      ['Replies of managers', String(report.replies)],
      ['Violations', report.violations.length === 0 ? 'none' : String(report.violations.length)],
      ...rollingRows(report),
      ['Makespan', `${formatDuration(report.makespanS)} of domain time`],
      ['Took', `${formatDuration(report.wallS)} of real time`],
    ],
  );
}

function rollingRows({ rolling }: DemoReport): string[][] {
  if (rolling === undefined) return [];
  const { seconds, lowerBoundS } = rolling;
  const bound = `${formatDuration(lowerBoundS)} at least, efficiency ${(lowerBoundS / seconds).toFixed(2)}`;
  return [['Hosts in work', `${formatDuration(seconds)} of domain time, ${bound}`]];
}

function movesTable({ movesPerInstance }: DemoReport): string[] {
  const rows = [...movesPerInstance].sort(([a], [b]) => a - b).map(([times, count]) => [`${times}`, `${count}`]);
  if (rows.length === 0) return [];
  return formatTable(
    [
      { title: 'Times moved', align: 'right' },
      { title: 'Instances', align: 'right' },
    ],
    rows,
  );
}

/** The longest wait first. */
function waitsTable({ waits }: DemoReport): string[] {
  const rows = [...waits]
    .sort((a, b) => b.seconds - a.seconds)
    .map((wait) => [plainText(wait.for), formatDuration(wait.seconds)]);
  if (rows.length === 0) return [];
  return formatTable(
    [
      { title: 'Waited for', align: 'left' },
      { title: 'Domain time', align: 'left' },
    ],
    rows,
  );
}

function serviceTable({ serviceLevels }: DemoReport): string[] {
  const perfect = serviceLevels.filter(({ availability, outages }) => availability === 1 && outages === 0);
  const together = serviceLevels.length > APPLICATIONS_SHOWN && perfect.length > 1;
  const shown = together ? serviceLevels.filter((level) => !perfect.includes(level)) : serviceLevels;
  const rows = shown.map(({ manager, availability, outages }) => [
    plainText(manager),
    percentage(availability),
    String(outages),
  ]);
  if (together)
    rows.push([shown.length === 0 ? `all ${perfect.length}` : `${perfect.length} others`, percentage(1), '0']);
  if (rows.length === 0) return [];
  return formatTable(
    [
      { title: 'Application of', align: 'left' },
      { title: 'Availability', align: 'right' },
      { title: 'Outages', align: 'right' },
    ],
    rows,
  );
}

/** Two decimals; what is less than 1 is never shown as 100 %. */
function percentage(share: number): string {
  const text = (share * 100).toFixed(2);
  return share < 1 && text === '100.00' ? '> 99.99 %' : `${text} %`;
}

function violationList({ violations }: DemoReport): string[] {
  if (violations.length === 0) return [];
  const shown = violations.slice(0, VIOLATIONS_SHOWN).map((violation) => `  - ${plainText(violation)}`);
  const more = violations.length - shown.length;
  return ['Violations', ...shown, ...(more > 0 ? [`  and ${more} more`] : [])];
}
