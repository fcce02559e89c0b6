import { randomBytes } from 'node:crypto';
import { messageOf, Stopped } from '../common/errors.js';
import { Wake } from '../common/wake.js';
import type { Session } from '../model/index.js';
import type { EngineParts } from './context.js';
import type { Publish } from './outbox.js';
import { LeaseKeeper } from './ownership.js';
import { SessionOwner } from './session-owner.js';

export interface EngineIdentity {
  /** Host name plus a random part: two processes of one host are two engines. */
  readonly engineId: string;
  readonly host: string;
  readonly version: string;
}

export function newIdentity(host: string, version: string): EngineIdentity {
  return { engineId: `${host}:${randomBytes(6).toString('hex')}`, host, version };
}

const CLAIMS_PER_SWEEP = 20;

/** Owns sessions: finds those that need an engine, runs them, keeps their leases, lets them go. */
export class Engine {
  private readonly owned = new Map<string, SessionOwner>();
  private readonly leases: LeaseKeeper;
  private readonly stopping = new AbortController();
  private readonly sweepNow = new Wake();
  private loops: Promise<unknown>[] = [];
  /** Sessions that need plug-ins which we have not: not looked at again, so that they keep no other one waiting. */
  private readonly refused = new Set<string>();

  constructor(
    readonly identity: EngineIdentity,
    private readonly parts: EngineParts,
    private readonly publish: Publish,
  ) {
    this.leases = new LeaseKeeper(identity.engineId, parts, this.owned, parts.log);
  }

  async start(): Promise<void> {
    const { repositories, plugins, log } = this.parts;
    await repositories.engines.register({ ...this.identity, plugins: plugins.infos() });
    const { signal } = this.stopping;
    this.loops = [this.leases.run(signal), this.sweep(signal)];
    log.info({ engine: this.identity.engineId }, 'engine started');
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

  /** Nothing new begins, effects reach a safe point, leases are given back. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([...this.owned.values()].map((owner) => owner.letGo()));
    await Promise.all(this.loops);
    await this.parts.repositories.engines.leave(this.identity.engineId);
    this.parts.watch.close();
    this.parts.log.info({ engine: this.identity.engineId }, 'engine stopped');
  }

  private async sweep(signal: AbortSignal): Promise<void> {
    const { machine, settings, log } = this.parts;
    while (!signal.aborted) {
      try {
        await this.sweepOnce();
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'sweep did not succeed, trying again');
      }
      const ended = new AbortController();
      const either = AbortSignal.any([signal, ended.signal]);
      const pause = machine.sleepMs(settings.sweepS * 1000, either).catch(() => undefined);
      await Promise.race([pause, this.sweepNow.wait(either)]);
      ended.abort();
    }
  }

  /** Finds rows whose casts were lost, and sessions that have no engine. */
  private async sweepOnce(): Promise<void> {
    const { repositories } = this.parts;
    const ids = [...this.owned.keys()];
    if (ids.length > 0) {
      const woken = await Promise.all([
        repositories.replies.sessionsWithUnhandled(ids),
        repositories.commands.sessionsWithUnhandled(ids),
      ]);
      for (const sessionId of woken.flat()) this.owned.get(sessionId)?.raise();
    }
    const free = await repositories.sessions.claimable(CLAIMS_PER_SWEEP, [...this.refused]);
    for (const session of free) await this.claim(session);
  }

  private async claim(session: Session): Promise<void> {
    const { repositories, plugins, settings, machine, log } = this.parts;
    const { sessionId } = session;
    if (this.stopping.signal.aborted || this.owned.has(sessionId)) return;
    const missing = plugins.missing(session.plugins);
    if (missing !== undefined) {
      log.warn({ session: sessionId, missing }, 'session left to another engine');
      this.refused.add(sessionId);
      return;
    }
    const takenMs = machine.monotonicMs();
    const lease = await repositories.sessions.claim(session, this.identity.engineId, settings.leaseS);
    if (lease === undefined) return;
    const owner = new SessionOwner(lease, session, this.parts, this.publish, takenMs);
    this.owned.set(sessionId, owner);
    log.info({ session: sessionId, epoch: lease.epoch }, 'session owned');
    void owner
      .run()
      .catch((error: unknown) => {
        if (!(error instanceof Stopped)) log.error({ session: sessionId, err: error }, 'session broke off');
      })
      .finally(() => this.owned.delete(sessionId));
  }
}
