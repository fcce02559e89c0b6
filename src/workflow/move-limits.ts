import { limitOf } from '../model/index.js';
import { serversOn } from './room.js';
import type { SessionView } from './view.js';

/** How many moves a session may have under way, in all and per host (v1 §1.2 `limits`). */
export class MoveLimits {
  private readonly most: number | undefined;
  private readonly perHost: number | undefined;
  private inAll = 0;
  private fromHost = 0;
  private readonly toHost = new Map<string, number>();

  /** @param host where the moves to be decided start */
  constructor(
    view: SessionView,
    private readonly host: string,
  ) {
    const { limits } = view.session;
    const instances = new Set(view.hosts.map(({ hostname }) => hostname));
    this.most = limitOf(limits.migrations, view.hosts.filter((one) => one.isCompute).length);
    this.perHost = limitOf(limits.migrations_per_host, serversOn(view, host).length);
    for (const { kind, state, intent } of view.effects) {
      if ((kind !== 'move' && kind !== 'settle') || state !== 'begun') continue;
      this.inAll += 1;
      if (intent.from === host) this.fromHost += 1;
      if (typeof intent.target === 'string' && instances.has(intent.target)) this.count(intent.target);
    }
  }

  /** Why no further move may begin now; undefined when one may. */
  refusal(target: string | null): string | undefined {
    if (this.most !== undefined && this.inAll >= this.most)
      return `${this.inAll} of at most ${this.most} moves are under way.`;
    if (this.perHost === undefined) return undefined;
    if (this.fromHost >= this.perHost)
      return `${this.fromHost} of at most ${this.perHost} moves from ${this.host} are under way.`;
    const there = target === null ? 0 : (this.toHost.get(target) ?? 0);
    return there >= this.perHost ? `${there} of at most ${this.perHost} moves to ${target} are under way.` : undefined;
  }

  /** A move was decided. */
  take(target: string | null): void {
    this.inAll += 1;
    this.fromHost += 1;
    if (target !== null) this.count(target);
  }

  private count(target: string): void {
    this.toHost.set(target, (this.toHost.get(target) ?? 0) + 1);
  }
}
