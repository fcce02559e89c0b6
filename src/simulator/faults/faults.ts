import { createRandom } from '../../common/random.js';
import type { Cloud } from '../cloud.js';
import type { FaultPlan, HttpFault, MoveFaults } from './plan.js';

export type MoveFate = keyof MoveFaults;

/** What the plan is asked about a call. */
export interface FaultyCall {
  readonly method: string;
  /** With query; its first part is the service. */
  readonly path: string;
  /** Whether it comes from the service under test. */
  readonly byService: boolean;
}

/** Decides by seed and rate what goes wrong, and logs it. What happens elsewhere meanwhile changes no decision. */
export class Faults {
  private readonly times = new Map<string, number>();
  private current: FaultPlan = {};
  private patterns: readonly { readonly fault: HttpFault; readonly path: RegExp }[] = [];

  constructor(
    plan: FaultPlan,
    private readonly cloud: Cloud,
  ) {
    this.follow(plan);
  }

  get plan(): FaultPlan {
    return this.current;
  }

  /** From now on. */
  follow(plan: FaultPlan): void {
    this.current = plan;
    this.patterns = (plan.http ?? []).map((fault) => ({ fault, path: new RegExp(fault.path ?? '') }));
  }

  /** The fault of a call, if it has one. */
  ofCall(call: FaultyCall): HttpFault | undefined {
    const { method, path } = call;
    const chances = this.patterns.filter((pattern) => fits(pattern, call));
    if (chances.length === 0) return undefined;
    const subject = `${method} ${path.split('?')[0]}`;
    const time = this.time(subject);
    const hit = chances.find(
      ({ fault }) => this.draw(`${subject} ${time} ${this.plan.http?.indexOf(fault)}`) < fault.rate,
    );
    if (hit !== undefined) this.note(hit.fault.kind, { method, path });
    return hit?.fault;
  }

  /** What becomes of a move that somebody else than the owner began. */
  ofMove(instanceId: string, migrationId: number): MoveFate | undefined {
    const { moves } = this.plan;
    if (moves === undefined) return undefined;
    let left = this.draw(`move ${instanceId} ${this.time(instanceId)}`);
    for (const fate of ['fail', 'error', 'stuck', 'elsewhere'] as const) {
      left -= moves[fate] ?? 0;
      if (left >= 0) continue;
      this.note(fate, { instanceId, migrationId });
      return fate;
    }
    return undefined;
  }

  /** Whether a POST to a manager gets lost. */
  losesAlarm(projectId: string): boolean {
    const lost = this.draw(`alarm ${projectId} ${this.time(`alarm ${projectId}`)}`) < (this.plan.lostAlarms ?? 0);
    if (lost) this.note('lost-alarm', {});
    return lost;
  }

  private note(
    what: string,
    about: { method?: string; path?: string; instanceId?: string; migrationId?: number },
  ): void {
    const { method = null, path = null, instanceId = null, migrationId = null } = about;
    this.cloud.log.add({ kind: 'fault', what, method, path, instanceId, migrationId });
  }

  /** How often it was asked about before. */
  private time(subject: string): number {
    const time = this.times.get(subject) ?? 0;
    this.times.set(subject, time + 1);
    return time;
  }

  /** In [0, 1), the same for the same text and seed. */
  private draw(text: string): number {
    let hash = (this.plan.seed ?? 1) ^ 0x811c9dc5;
    for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    return createRandom(hash >>> 0).next();
  }
}

function fits(
  { fault, path: pattern }: { fault: HttpFault; path: RegExp },
  { method, path, byService }: FaultyCall,
): boolean {
  const reads = method === 'GET' || method === 'HEAD';
  return (
    (byService || fault.whose === 'everybody') &&
    (fault.service === undefined || path.startsWith(`/${fault.service}/`)) &&
    (fault.calls === undefined || (fault.calls === 'reads') === reads) &&
    pattern.test(path)
  );
}
