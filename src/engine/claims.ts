import type { Session } from '../model/index.js';
import { hasAll } from '../workflow/registry.js';
import type { EngineParts } from './context.js';
import type { SessionOwner } from './session-owner.js';
import { assigned, type Share, surplusOf } from './spreading.js';

const MOST_PER_LOOK = 20;
/** Part of the sweep interval that a session is left to the engine whose turn it is. */
const COURTESY = 0.25;

/** Which sessions this engine is to take and to give away, so that every engine has its share. */
export class Claims {
  /** Sessions that need plug-ins which we have not: not looked at again, so that they keep no other one waiting. */
  private readonly refused = new Set<string>();
  /** Sessions without an engine, with the monotonic instant at which we first saw them so. */
  private free = new Map<string, number>();
  /** What was given away. When it comes back nobody else could take it, so it stays. */
  private readonly given = new Set<string>();

  constructor(
    private readonly parts: Pick<EngineParts, 'repositories' | 'plugins' | 'settings' | 'log'>,
    private readonly owned: ReadonlyMap<string, SessionOwner>,
  ) {}

  /**
   * Sessions to take now: our part of those that are free, and what others left although it was their turn.
   * @returns `laterMs`: after which we would take one that is another engine's turn
   */
  async look(
    engineId: string,
    shares: readonly Share[],
    nowMs: number,
  ): Promise<{ readonly take: readonly Session[]; readonly laterMs: number | undefined }> {
    const { repositories, settings } = this.parts;
    const except = [...this.refused, ...this.owned.keys()];
    const found = (await repositories.sessions.claimable(MOST_PER_LOOK, except)).filter((each) => this.canOwn(each));
    this.free = new Map(found.map(({ sessionId }) => [sessionId, this.free.get(sessionId) ?? nowMs]));
    if (found.length === 0) return { take: [], laterMs: undefined };
    const takers = assigned(shares, [...this.free.keys()]);
    const courtesyMs = settings.sweepS * 1000 * COURTESY;
    const leftMs = ({ sessionId }: Session): number =>
      takers.get(sessionId) === engineId ? 0 : (this.free.get(sessionId) ?? nowMs) + courtesyMs - nowMs;
    const later = found.map(leftMs).filter((left) => left > 0);
    const take = found.filter((session) => leftMs(session) <= 0);
    // There may be more than were asked for.
    if (found.length === MOST_PER_LOOK) later.push(0);
    return { take, laterMs: later.length === 0 ? undefined : Math.min(...later) };
  }

  /** Those to let go, since an engine that can own them has fewer than we have; the least busy ones. */
  async surplus(engineId: string, shares: readonly Share[]): Promise<SessionOwner[]> {
    const surplus = surplusOf(engineId, shares);
    if (surplus === 0) return [];
    const mine = shares.find((share) => share.engineId === engineId)?.sessions ?? 0;
    const fewer = new Set(shares.filter(({ sessions }) => sessions < mine - 1).map((share) => share.engineId));
    const takers = (await this.parts.repositories.engines.list(this.parts.settings.leaseS)).filter((engine) =>
      fewer.has(engine.engineId),
    );
    const movable = [...this.owned].filter(
      ([sessionId, { pins }]) => !this.given.has(sessionId) && takers.some(({ plugins }) => hasAll(pins, plugins)),
    );
    const chosen = movable.sort(([, one], [, two]) => one.busy - two.busy).slice(0, surplus);
    for (const [sessionId] of chosen) this.given.add(sessionId);
    if (chosen.length === 0) return [];
    this.parts.log.info({ engine: engineId, sessions: chosen.length }, 'giving sessions to an engine that has fewer');
    return chosen.map(([, owner]) => owner);
  }

  private canOwn({ sessionId, plugins: pins }: Session): boolean {
    const missing = this.parts.plugins.missing(pins);
    if (missing === undefined) return true;
    this.parts.log.warn({ session: sessionId, missing }, 'session left to another engine');
    this.refused.add(sessionId);
    return false;
  }
}
