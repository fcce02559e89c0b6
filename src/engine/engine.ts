import { randomBytes } from 'node:crypto';
import { messageOf, Stopped } from '../common/errors.js';
import { SharedInstant } from '../common/shared-instant.js';
import { Wake } from '../common/wake.js';
import type { Session } from '../model/index.js';
import { Claims } from './claims.js';
import type { EngineParts } from './context.js';
import type { Heartbeat, LeaseLife } from './heartbeat.js';
import { LeaseGuard } from './lease-guard.js';
import type { Publish } from './outbox.js';
import { LeaseKeeper } from './ownership.js';
import { SessionOwner } from './session-owner.js';
import type { Share } from './spreading.js';

export interface EngineIdentity {
  /** Host name plus a random part: two processes of one host are two engines, and so are two lives of one process. */
  readonly engineId: string;
  readonly host: string;
  readonly version: string;
}

export function newIdentity(host: string, version: string): EngineIdentity {
  return { engineId: `${host}:${randomBytes(6).toString('hex')}`, host, version };
}

/** What connects an engine with the world beside the cloud. */
export interface EngineLinks {
  readonly publish: Publish;
  readonly heartbeat: Heartbeat;
  /** Hints to all engines that a session has nobody who works on it; may get lost, never rejects. */
  hint(sessionId: string): Promise<unknown>;
}

/** From a registration until its lease is lost. */
interface Life extends LeaseLife {
  readonly guard: LeaseGuard;
}

/** Machine time that a stopping engine gives a hint to go out. */
const HINT_MS = 300;
/** The least between two sweeps that nobody asked for. */
const LEAST_PAUSE_MS = 10;

/** Owns sessions: finds those that need an engine, runs them, keeps its lease, lets them go. */
export class Engine {
  private readonly owned = new Map<string, SessionOwner>();
  private readonly keeper: LeaseKeeper;
  private readonly claims: Claims;
  /** Nothing new is taken or begun. */
  private readonly stopping = new AbortController();
  /** Everything was let go. */
  private readonly ended = new AbortController();
  private readonly sweepNow = new Wake();
  private loops: Promise<unknown>[] = [];
  private current: EngineIdentity;
  private life: Life | undefined;

  constructor(
    identity: EngineIdentity,
    private readonly parts: EngineParts,
    private readonly links: EngineLinks,
  ) {
    this.current = identity;
    this.keeper = new LeaseKeeper(links.heartbeat, parts.machine, parts.settings.heartbeatS);
    this.claims = new Claims(parts, this.owned);
  }

  /** Of the present life. */
  get identity(): EngineIdentity {
    return this.current;
  }

  async start(): Promise<void> {
    this.life = await this.register();
    this.loops = [this.live(this.life), this.sweep(this.stopping.signal)];
    this.parts.log.info({ engine: this.identity.engineId }, 'engine started');
  }

  /** A hint that the session has something to look at; harmless if it is not ours, or wrong, or lost (L1). */
  wake(sessionId: string): void {
    const owner = this.owned.get(sessionId);
    if (owner === undefined) this.sweepSoon();
    else owner.raise();
  }

  /** Looks for sessions and for unhandled rows now, and then every `sweep_interval` again. */
  sweepSoon(): void {
    this.sweepNow.raise();
  }

  /** Nothing new begins, effects reach a safe point, sessions are handed over, each as soon as it is at rest. */
  async stop(): Promise<void> {
    const { repositories, watch, log } = this.parts;
    this.stopping.abort();
    const owners = [...this.owned.values()];
    // Those who take over at once must not wait for us to take our share.
    const retired = repositories.engines.retire(this.identity.engineId).catch(() => undefined);
    await Promise.all([retired, ...owners.map((owner) => this.handOver(owner))]);
    this.ended.abort();
    await Promise.all(this.loops);
    await repositories.engines.leave(this.identity.engineId);
    watch.close();
    log.info({ engine: this.identity.engineId }, 'engine stopped');
  }

  /** One life after the other: whoever lost the lease lets everything go and begins anew, under another id. */
  private async live(first: Life): Promise<void> {
    const { log } = this.parts;
    const { signal } = this.ended;
    for (let life: Life | undefined = first; life !== undefined; life = await this.beginAgain()) {
      if ((await this.keeper.keep(life, life.guard, signal)) === 'stopped') return;
      this.life = undefined;
      log.warn({ engine: life.engineId, sessions: this.owned.size }, 'lease lost, letting all sessions go');
      for (const owner of this.owned.values()) owner.lost();
    }
  }

  private async beginAgain(): Promise<Life | undefined> {
    const { log, machine, settings } = this.parts;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        this.current = newIdentity(this.current.host, this.current.version);
        this.life = await this.register();
        log.info({ engine: this.identity.engineId }, 'engine goes on under a new lease');
        this.sweepSoon();
        return this.life;
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'engine could not register, trying again');
      }
      await machine.sleepMs(settings.heartbeatS * 1000, signal).catch(() => undefined);
    }
    return undefined;
  }

  private async register(): Promise<Life> {
    const { repositories, plugins, machine, settings } = this.parts;
    const { engineId } = this.current;
    await this.links.heartbeat.prepare();
    const [renewed, alive] = [new SharedInstant(), new SharedInstant()];
    renewed.set(machine.monotonicMs());
    alive.set(machine.monotonicMs());
    const found = { plugins: plugins.infos(), brokenPlugins: plugins.broken };
    await repositories.engines.register({ ...this.current, ...found }, settings.leaseS);
    return { engineId, renewed, alive, guard: new LeaseGuard(engineId, settings.leaseS, machine, renewed) };
  }

  private async sweep(signal: AbortSignal): Promise<void> {
    const { machine, settings, log } = this.parts;
    while (!signal.aborted) {
      let pauseMs = settings.sweepS * 1000;
      try {
        pauseMs = Math.min(pauseMs, await this.sweepOnce());
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'sweep did not succeed, trying again');
      }
      const ended = new AbortController();
      const either = AbortSignal.any([signal, ended.signal]);
      const pause = machine.sleepMs(Math.max(LEAST_PAUSE_MS, pauseMs), either).catch(() => undefined);
      await Promise.race([pause, this.sweepNow.wait(either)]);
      ended.abort();
    }
  }

  /**
   * Finds rows whose casts were lost, sessions that have no engine, and engines that have more or fewer than their share.
   * @returns milliseconds after which there is something to look at again, as far as can be foreseen
   */
  private async sweepOnce(): Promise<number> {
    const { machine } = this.parts;
    await this.wakeOwned();
    const { life } = this;
    if (life === undefined || !life.guard.holds) return Number.POSITIVE_INFINITY;
    const { shares, endMs } = await this.survey(life.engineId);
    const { take, laterMs } = await this.claims.look(life.engineId, shares, machine.monotonicMs());
    await Promise.all(take.map((session) => this.claim(life, session)));
    if (take.length === 0 && laterMs === undefined) {
      for (const owner of await this.claims.surplus(life.engineId, shares)) void this.handOver(owner);
    }
    return Math.min(endMs, laterMs ?? Number.POSITIVE_INFINITY);
  }

  /** What living engines own, and when the first lease of another one ends; takes theirs from those that are dead. */
  private async survey(engineId: string): Promise<{ readonly shares: readonly Share[]; readonly endMs: number }> {
    const { engines } = this.parts.repositories;
    const leases = await engines.survey();
    if (leases.some(({ leftS }) => leftS < 0)) await engines.expire();
    const living = leases.filter(({ leftS }) => leftS >= 0);
    const ends = living.filter((lease) => lease.engineId !== engineId).map(({ leftS }) => leftS * 1000);
    return { shares: living.filter(({ leaving }) => !leaving), endMs: Math.min(...ends) };
  }

  private async wakeOwned(): Promise<void> {
    const { replies, commands } = this.parts.repositories;
    const ids = [...this.owned.keys()];
    if (ids.length === 0) return;
    const woken = await Promise.all([replies.sessionsWithUnhandled(ids), commands.sessionsWithUnhandled(ids)]);
    for (const sessionId of woken.flat()) this.owned.get(sessionId)?.raise();
  }

  private async claim({ engineId, guard }: Life, session: Session): Promise<void> {
    const { repositories, log } = this.parts;
    const { sessionId } = session;
    if (this.stopping.signal.aborted || this.owned.has(sessionId)) return;
    const lease = await repositories.sessions.claim(session, engineId);
    if (lease === undefined) return;
    const owner = new SessionOwner(lease, session, this.parts, guard, this.links.publish);
    this.owned.set(sessionId, owner);
    log.info({ session: sessionId, epoch: lease.epoch }, 'session owned');
    void this.own(sessionId, owner);
    // Told to stop while it was being claimed.
    if (this.stopping.signal.aborted) await this.handOver(owner);
  }

  /** Lets a session go and tells the others, who would find it at their next sweep anyway. */
  private async handOver(owner: SessionOwner): Promise<void> {
    await owner.letGo();
    const over = new AbortController();
    const late = this.parts.machine.sleepMs(HINT_MS, over.signal).catch(() => undefined);
    await Promise.race([this.links.hint(owner.sessionId), late]);
    over.abort();
  }

  private async own(sessionId: string, owner: SessionOwner): Promise<void> {
    try {
      await owner.run();
    } catch (error) {
      if (!(error instanceof Stopped)) this.parts.log.error({ session: sessionId, err: error }, 'session broke off');
    } finally {
      this.owned.delete(sessionId);
    }
  }
}
