import { isDeepStrictEqual } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { FleetPlan, FleetSnapshot } from './fleet.js';
import { planFleet } from './plan-fleet.js';

/** A plan with what it was made from (L8). */
export interface RecordedPlan {
  readonly snapshot: FleetSnapshot;
  readonly plan: FleetPlan;
}

/** A plan, and what is to be kept of it, if anything. */
export interface PackedPlan {
  readonly plan: FleetPlan;
  readonly packed?: string;
}

/** What planning once more from the same snapshot gives. */
export interface Replay {
  /** Whether it is the same to the last wait. */
  readonly same: boolean;
  readonly plan: FleetPlan;
}

/** As text, in a sixth of the letters that JSON takes. */
export function packPlan({ snapshot: { hosts, ...rest }, plan }: RecordedPlan): string {
  // Nothing of hosts is ever unlimited, and there are many of them: looking for it would take longer than all the rest.
  const text = `[${JSON.stringify(hosts)},${toText({ rest, plan })}]`;
  return gzipSync(text, { level: FAST }).toString('base64');
}

/** @throws Error if `packed` is not what {@link packPlan} made */
export function unpackPlan(packed: string): RecordedPlan {
  const text = gunzipSync(Buffer.from(packed, 'base64')).toString();
  const [hosts, { rest, plan }] = fromText(text) as [FleetSnapshot['hosts'], Rest];
  return { snapshot: { ...rest, hosts }, plan };
}

/** Plans again, with this code: another version may decide otherwise. */
export function replayPlan({ snapshot, plan: before }: RecordedPlan): Replay {
  const plan = planFleet(snapshot);
  return { same: isDeepStrictEqual(fromText(toText(plan)), before), plan };
}

/**
 * Plans, and packs that with the snapshot if anything is to be done: who waits, or is stuck, plans again and again.
 * @param pack whether it is to be kept at all
 */
export function planAndPack(snapshot: FleetSnapshot, pack = true): PackedPlan {
  const plan = planFleet(snapshot);
  return pack && decides(plan) ? { plan, packed: packPlan({ snapshot, plan }) } : { plan };
}

function decides({ empty, ask, move, maintain, scaleIn }: FleetPlan): boolean {
  return empty.length + ask.length + move.length + maintain.length + scaleIn.length > 0;
}

/** Costs a third of the time of the default, for a tenth more. */
const FAST = 1;

/** JSON knows no infinity, which is what a limit is where there is none. */
const toText = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (part === Number.POSITIVE_INFINITY ? UNLIMITED : part));

const fromText = (text: string): unknown =>
  JSON.parse(text, (_, part) => (isUnlimited(part) ? Number.POSITIVE_INFINITY : part));

interface Rest {
  readonly rest: Omit<FleetSnapshot, 'hosts'>;
  readonly plan: FleetPlan;
}

const UNLIMITED = { unlimited: true };

const isUnlimited = (part: unknown): boolean =>
  typeof part === 'object' && part !== null && 'unlimited' in part && part.unlimited === true;
