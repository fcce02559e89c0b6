import { lowerBound } from '../src/planner/lower-bound.js';
import { planFleet } from '../src/planner/plan-fleet.js';
import type { FleetCloud } from '../test/support/fleet/cloud.js';
import { type FleetPolicy, type FleetRun, FleetWorld } from '../test/support/fleet/world.js';
import { barrierBatches, oneByOne } from './fleet/baselines.js';
import { CASES, drawn, type MakespanCase } from './fleet/cases.js';
import { referenceBound } from './fleet/reference-bound.js';

/*
 * How near to the provable lower bound a session comes (docs/makespan.md), beside host after host and barrier batches on the
 * same clouds. Efficiency is bound / makespan, the mean of all seeds, by one ruler for all policies; in brackets by the plain
 * bound of an ideal model of slots, by which the figures of the simple policy and of batches are known. `once`: ours by the
 * bound of those schedules alone that move each instance once. `--seeds N` (20), `--drawn N` (50), `--only TEXT`.
 */
const SEEDS = numberOf('--seeds', 20);
const DRAWN = numberOf('--drawn', 50);
const ONLY = textOf('--only') ?? '';
/** How much longer than batches a session may take by chance. */
const WORSE = 1.01;
/** How much better than the simple policy it is to be, and how far batches may be from what is known of them. */
const BETTER = 0.02;
const ALIKE = 0.03;
/** A bound that is beaten is no bound; rounding is allowed for. */
const EXACT = 1e-6;

const POLICIES: Readonly<Record<string, FleetPolicy>> = { one: oneByOne, batches: barrierBatches, ours: planFleet };

interface Result extends FleetRun {
  readonly efficiency: number;
  /** By the bounds without what this project has made tighter. */
  readonly byReference: number;
  /** By the bound of schedules that move each instance once, where this one did. */
  readonly once: number | undefined;
}

interface Row extends MakespanCase {
  readonly one: ReturnType<typeof summary>;
  readonly batched: ReturnType<typeof summary>;
  readonly ours: ReturnType<typeof summary>;
}

const remarks: string[] = [];
const rows = CASES.filter(({ name }) => name.includes(ONLY)).map((row) => compare(row));
if (DRAWN > 0 && ONLY === '') {
  rows.push(compare({ name: `${DRAWN} drawn clouds`, cloud: drawn }, DRAWN));
}
report();

function compare(row: MakespanCase, seeds = SEEDS): Row {
  const results: Record<string, Result[]> = { one: [], batches: [], ours: [] };
  const most = Math.min(seeds, row.mostSeeds ?? seeds);
  for (let seed = 1; seed <= most; seed += 1) {
    const cloud = row.cloud(seed);
    const never = unsatisfiable(cloud);
    if (never !== undefined) {
      remarks.push(`${row.name}, seed ${seed}, left out: ${never}`);
      continue;
    }
    for (const [name, policy] of Object.entries(POLICIES)) {
      // One by one is the same with every seed but for the actions' sum, and takes longest to run.
      if (name === 'one' && seed > 1 && row.mostSeeds !== undefined) continue;
      results[name]?.push(runOf(row, cloud, seed, name, policy));
    }
    const [ours, batches] = [results.ours?.at(-1), results.batches?.at(-1)];
    if (ours !== undefined && batches !== undefined && ours.makespanS > batches.makespanS * WORSE) {
      remarks.push(
        `${row.name}, seed ${seed}: ${ours.makespanS.toFixed(0)} s, batches ${batches.makespanS.toFixed(0)} s`,
      );
    }
  }
  const line: Row = {
    ...row,
    one: summary(results.one),
    batched: summary(results.batches),
    ours: summary(results.ours),
  };
  console.log(lineOf(line));
  for (const text of missed(line)) remarks.push(`${row.name}: ${text}`);
  return line;
}

/** A host that no schedule can empty: its instances need more than all others of its zone have free. */
function unsatisfiable({ hosts }: FleetCloud): string | undefined {
  for (const host of hosts) {
    const others = hosts.filter(({ zone }) => zone === host.zone);
    const free = others.reduce((sum, other) => sum + (other === host ? 0 : freeOn(other)), 0);
    const leaving = host.instances.filter(({ way }) => way !== 'stays');
    const needs = leaving.reduce((sum, { resources }) => sum + resources.vcpus, 0);
    if (needs > free) return `${host.host} needs ${needs} places elsewhere, and all others have ${free} free.`;
  }
  return undefined;
}

function freeOn({ capacity, instances }: FleetCloud['hosts'][number]): number {
  return capacity.vcpus - instances.reduce((sum, { resources }) => sum + resources.vcpus, 0);
}

function runOf(row: MakespanCase, cloud: FleetCloud, seed: number, name: string, policy: FleetPolicy): Result {
  const world = new FleetWorld(cloud, seed);
  const snapshot = world.snapshot();
  // By how long actions really take, whatever is known of it ahead.
  const hosts = snapshot.hosts.map((host, index) => ({ ...host, actionS: cloud.hosts[index]?.actionS ?? 0 }));
  const bound = lowerBound({ ...snapshot, hosts });
  const reference = referenceBound(cloud);
  const run = world.run(policy);
  if (run.stuck !== undefined) remarks.push(`${row.name}, seed ${seed}, ${name}: ${run.stuck}`);
  // Only ours is bound to move each instance once; a host that fails is left as it is, before its time.
  const isOnce = run.moves <= run.instances && Number.isFinite(bound.onceS) && name === 'ours';
  const highestS = isOnce ? bound.onceS : bound.boundS;
  if (run.makespanS < highestS * (1 - EXACT)) {
    remarks.push(`${row.name}, seed ${seed}, ${name}: the bound ${highestS} s was beaten by ${run.makespanS} s`);
  }
  for (const violation of new Set(run.violations)) remarks.push(`${row.name}, seed ${seed}, ${name}: ${violation}`);
  const { makespanS } = run;
  const once = isOnce ? bound.onceS / makespanS : undefined;
  return { ...run, efficiency: bound.boundS / makespanS, byReference: reference / makespanS, once };
}

function summary(results: readonly Result[] = []) {
  const mean = (of: (result: Result) => number) => results.reduce((sum, one) => sum + of(one), 0) / results.length;
  return {
    efficiency: mean(({ efficiency }) => efficiency),
    byReference: mean(({ byReference }) => byReference),
    /** What the proven bound leaves of the plain one. */
    atMost: mean(({ byReference, efficiency }) => byReference / efficiency),
    once: results.every(({ once }) => once !== undefined) ? mean(({ once }) => once as number) : undefined,
    movesPerInstance: mean(({ moves, instances }) => moves / Math.max(1, instances)),
    violations: results.reduce((sum, { violations }) => sum + violations.length, 0),
    unfinished: results.filter(({ makespanS }) => !Number.isFinite(makespanS)).length,
  };
}

/** What was wanted of a row and is not so. */
function missed({ simple, batches, wanted, batched, ours }: Row): string[] {
  const shown = (value: number) => value.toFixed(3);
  const most = shown(ours.atMost);
  return [
    simple !== undefined && ours.byReference < simple + BETTER
      ? `ours ${shown(ours.byReference)} is below ${simple} + ${BETTER}; no schedule is above ${most}`
      : '',
    wanted !== undefined && ours.efficiency < wanted ? `ours ${shown(ours.efficiency)} is below ${wanted}` : '',
    batches !== undefined && Math.abs(batched.byReference - batches) > ALIKE
      ? `batches ${shown(batched.byReference)} are not ${batches} ± ${ALIKE}`
      : '',
  ].filter((text) => text !== '');
}

function lineOf({ name, one, batched, ours, simple, batches }: Row): string {
  const figures = [one, batched, ours].map((of) => `${of.efficiency.toFixed(3)} (${of.byReference.toFixed(3)})`);
  const column = `${simple?.toFixed(2) ?? '   -'} ${batches?.toFixed(2) ?? '   -'}`;
  const once = ours.once === undefined ? '' : `once ${ours.once.toFixed(3)}, `;
  const rest = `${once}moves ${ours.movesPerInstance.toFixed(3)}, violations ${ours.violations}, unfinished ${ours.unfinished}`;
  return `${name.padEnd(46)} one ${figures[0]}  batches ${figures[1]}  ours ${figures[2]}  [${column}]  ${rest}`;
}

function report(): void {
  for (const remark of remarks) console.log(`! ${remark}`);
  console.log(JSON.stringify({ seeds: SEEDS, rows, remarks }));
}

function textOf(option: string): string | undefined {
  const index = process.argv.indexOf(option);
  return index < 0 ? undefined : process.argv[index + 1];
}

function numberOf(option: string, otherwise: number): number {
  const text = textOf(option);
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${option} wants a whole number, not ${text}.`);
  return value;
}
