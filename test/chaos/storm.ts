import { SystemMachineClock } from '../../src/common/clock.js';
import { Stopped } from '../../src/common/errors.js';
import type { Acknowledged } from './acknowledged.js';
import type { Installation } from './installation.js';
import type { Member } from './member.js';
import type { Disturbance } from './plan.js';

const machine = new SystemMachineClock();

export interface StormParts {
  readonly installation: Installation;
  readonly acknowledged: Acknowledged;
  /** Ids of the wave's sessions, as far as they are created. */
  readonly sessionIds: readonly string[];
  /** Told of every disturbance that happens. */
  readonly say: (what: string, kind: string) => void;
}

/** Does to an installation what is planned, and puts everything right again. */
export class Storm {
  /** What went wrong with the harm itself, and what was lost by it; one sentence each. */
  readonly faults: string[] = [];
  private readonly under = new Set<unknown>();
  private readonly works: Promise<void>[] = [];
  private readonly over = new AbortController();

  constructor(private readonly parts: StormParts) {}

  /** Resolves when all is done that was planned, or when it was told to end; everything is up again then. */
  async rage(disturbances: readonly Disturbance[]): Promise<void> {
    const begun = performance.now();
    for (const disturbance of disturbances) {
      const left = disturbance.atS * 1000 - (performance.now() - begun);
      await this.pause(left / 1000);
      if (this.over.signal.aborted) break;
      this.works.push(this.harm(disturbance).catch((error) => void this.faults.push(String(error))));
    }
    await Promise.all(this.works);
  }

  /** Nothing more is harmed; what is harmed comes back now. */
  end(): void {
    this.over.abort();
  }

  private async harm(disturbance: Disturbance): Promise<void> {
    const { installation } = this.parts;
    const { mariadb, rabbitmq } = installation.servers;
    switch (disturbance.what) {
      case 'kill-engine':
        return this.kill(installation.engines[disturbance.which], 'SIGKILL', disturbance);
      case 'end-engine':
        return this.kill(installation.engines[disturbance.which], 'SIGTERM', disturbance);
      case 'kill-api':
        return this.kill(installation.apis[disturbance.which], 'SIGKILL', disturbance);
      case 'stop-engine':
        return this.stop(installation.engines[disturbance.which], disturbance);
      case 'kill-mariadb':
        return this.killServer('MariaDB', mariadb, disturbance, () => this.checkAcknowledged());
      case 'kill-rabbitmq':
        return this.killServer('RabbitMQ', rabbitmq, disturbance, async () => undefined);
      case 'weather':
        return this.weather(disturbance);
      case 'pause':
        return this.pauseSession(disturbance);
    }
  }

  private kill(member: Member | undefined, signal: 'SIGKILL' | 'SIGTERM', { forS }: Disturbance): Promise<void> {
    if (member === undefined) return Promise.resolve();
    return this.once(member, async () => {
      this.tell(`${signal} ${member.name}`, `${signal} ${member.name.split('-')[0]}`, forS);
      await member.end(signal);
      await this.pause(forS);
      await member.start();
    });
  }

  private stop(member: Member | undefined, { forS }: Disturbance): Promise<void> {
    if (member === undefined) return Promise.resolve();
    return this.once(member, async () => {
      this.tell(`SIGSTOP ${member.name}`, 'SIGSTOP engine', forS);
      member.signal('SIGSTOP');
      await this.pause(forS);
      member.signal('SIGCONT');
    });
  }

  private killServer(
    name: string,
    server: { halt(signal: 'SIGKILL'): Promise<void>; resume(): Promise<void> },
    { forS }: Disturbance,
    check: () => Promise<void>,
  ): Promise<void> {
    return this.once(server, async () => {
      this.tell(`SIGKILL ${name}`, `SIGKILL ${name}`, forS);
      await server.halt('SIGKILL');
      await this.pause(forS);
      await server.resume();
      await check();
    });
  }

  private weather({ name, http, forS }: Extract<Disturbance, { what: 'weather' }>): Promise<void> {
    const { simulator } = this.parts.installation;
    return this.once(simulator, async () => {
      this.tell(`cloud: ${name}`, `cloud: ${name}`, forS);
      const usual = simulator.faults;
      simulator.setFaults({ ...usual, http });
      await this.pause(forS);
      simulator.setFaults(usual);
    });
  }

  /** By an admin, who lets it go on later. */
  private pauseSession({ which, forS }: Extract<Disturbance, { what: 'pause' }>): Promise<void> {
    const { acknowledged, sessionIds } = this.parts;
    const sessionId = sessionIds[which];
    if (sessionId === undefined) return Promise.resolve();
    return this.once(sessionId, async () => {
      // To the end, whatever ends the storm: nobody else would let it go on.
      const never = new AbortController().signal;
      this.tell(`session ${which + 1} is paused`, 'pause', forS);
      await acknowledged.control(sessionId, { pause: {} }, never);
      await this.pause(forS);
      await acknowledged.control(sessionId, { resume: {} }, never);
    });
  }

  private async checkAcknowledged(): Promise<void> {
    const { acknowledged, installation } = this.parts;
    this.faults.push(...(await acknowledged.missing(installation.database)));
  }

  /** One harm at a time to each: what would come to the second one is left out. */
  private async once(subject: unknown, work: () => Promise<void>): Promise<void> {
    if (this.under.has(subject)) return;
    this.under.add(subject);
    try {
      await work();
    } finally {
      this.under.delete(subject);
    }
  }

  private tell(what: string, kind: string, forS: number): void {
    this.parts.say(`${what}, for ${forS} s`, kind);
  }

  private async pause(seconds: number): Promise<void> {
    try {
      await machine.sleepMs(Math.max(0, seconds) * 1000, this.over.signal);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
  }
}
