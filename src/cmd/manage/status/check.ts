import { messageOf } from '../../../common/errors.js';

export type Result = 'Success' | 'Warning' | 'Failure';

/** What a check found. */
export interface Finding {
  readonly result: Result;
  readonly details: string;
  /** How to mend it, a sentence; of what is no success. */
  readonly remedy?: string;
}

export interface Check {
  readonly name: string;
  /** How to mend what it throws. */
  readonly remedy: string;
  /** A check before it, without whose success it says nothing. */
  readonly after?: string;
  run(): Promise<Finding> | Finding;
}

export interface Checked extends Finding {
  readonly name: string;
}

export function success(details: string): Finding {
  return { result: 'Success', details };
}

export function warning(details: string, remedy: string): Finding {
  return { result: 'Warning', details, remedy };
}

export function failure(details: string, remedy: string): Finding {
  return { result: 'Failure', details, remedy };
}

/** Runs all checks, one after the other; what one throws is its failure, with its sentence. */
export async function runChecks(checks: readonly Check[]): Promise<Checked[]> {
  const checked: Checked[] = [];
  for (const check of checks) {
    const failed = checked.find(({ name, result }) => name === check.after && result === 'Failure');
    const finding =
      failed === undefined
        ? await outcomeOf(check)
        : failure(`Not checked, since "${failed.name}" failed.`, failed.remedy ?? check.remedy);
    checked.push({ name: check.name, ...finding });
  }
  return checked;
}

async function outcomeOf({ remedy, run }: Check): Promise<Finding> {
  try {
    return await run();
  } catch (error) {
    return failure(messageOf(error), remedy);
  }
}

/** 0 if all is well, 1 if there are warnings, 2 if there are failures, as oslo.upgradecheck has it. */
export function exitCodeOf(checked: readonly Checked[]): 0 | 1 | 2 {
  const has = (wanted: Result): boolean => checked.some(({ result }) => result === wanted);
  return has('Failure') ? 2 : has('Warning') ? 1 : 0;
}
