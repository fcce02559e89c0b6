import { readdirSync, readFileSync } from 'node:fs';

/* Processes of this machine, as /proc has them. */

export function isRunning(pid: number): boolean {
  const status = readOf(pid, 'status');
  return status !== '' && !/^State:\s+Z/m.test(status);
}

export interface OwnChild {
  readonly pid: number;
  readonly command: string;
  /** Names and values, one a line. */
  readonly environment: string;
}

/** The running children of this process with that program. */
export function ownChildren(program: string): OwnChild[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => new RegExp(`^PPid:\\s+${process.pid}$`, 'm').test(readOf(pid, 'status')))
    .map((pid) => ({ pid, command: lines(pid, 'cmdline'), environment: lines(pid, 'environ') }))
    .filter(({ command }) => command.split('\n')[0] === program);
}

function lines(pid: number, what: string): string {
  return readOf(pid, what).replaceAll('\0', '\n').trim();
}

function readOf(pid: number, what: string): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8');
  } catch {
    return '';
  }
}
