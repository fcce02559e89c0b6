import { type Clock, plusSeconds } from '../common/clock.js';
import { withRequestId } from '../common/context.js';
import { FenixError, Stopped } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import { Together } from '../common/together.js';
import type { CloudPort } from '../workflow/cloud-port.js';
import type { CloudView } from '../workflow/view.js';
import { CapacitiesWatch } from './capacities-watch.js';
import { ServersWatch } from './servers-watch.js';

/**
 * Readings of the cloud at a time. One that was begun before a change is of no use for whoever made it; where Nova is slow
 * and changes are many, readings would pile up, each making all others slower.
 */
const AT_A_TIME = 2;

/** One reading of the cloud for everybody: however many moves are awaited, Nova is asked once per interval. */
export class CloudWatch {
  private latest: CloudView | undefined;
  private reading: Promise<CloudView> | undefined;
  private upcoming: Promise<CloudView> | undefined;
  private readonly servers: ServersWatch;
  private readonly capacities: CapacitiesWatch;
  /** Grows with every change of ours: a reading begun before it is given to its callers, but not kept. */
  private generation = 0;
  private readonly closing = new AbortController();
  private readonly readings = new Together<void, CloudView>(
    async (callers) => {
      const view = await this.fetch();
      return callers.map(() => view);
    },
    { parallel: AT_A_TIME, most: Number.POSITIVE_INFINITY },
  );

  constructor(
    private readonly cloud: CloudPort,
    private readonly clock: Clock,
    private readonly pollS: number,
    private readonly log: Logger,
  ) {
    this.servers = new ServersWatch(cloud);
    this.capacities = new CapacitiesWatch(cloud);
  }

  /** A view that is at most `pollS` old and was taken after whatever {@link changed} told. @throws FenixError */
  async view(): Promise<CloudView> {
    const { latest } = this;
    if (latest !== undefined && this.clock.now() < plusSeconds(latest.at, this.pollS)) return latest;
    return this.read();
  }

  /** We did something: views from before it tell nothing any more. */
  changed(): void {
    this.generation += 1;
    this.latest = undefined;
    this.reading = undefined;
  }

  /** As {@link changed}, and hosts have come or gone. */
  hostsChanged(): void {
    this.capacities.forget();
    this.changed();
  }

  /**
   * The next view, one interval from now, shared by all who wait for it when its reading begins: who comes later may
   * have changed what it shows. Trouble that may pass is logged and tried again an interval later, so callers need a
   * deadline of their own.
   * @throws FenixError that trying again can't mend, Stopped
   */
  next(signal: AbortSignal): Promise<CloudView> {
    if (signal.aborted) return Promise.reject(new Stopped());
    if (this.upcoming === undefined) {
      const upcoming: Promise<CloudView> = this.readNext(() => {
        if (this.upcoming === upcoming) this.upcoming = undefined;
      });
      this.upcoming = upcoming;
    }
    return abandonable(this.upcoming, signal);
  }

  /** Ends all waits. */
  close(): void {
    this.closing.abort();
  }

  /** @param begins is called when nobody can join any more */
  private async readNext(begins: () => void): Promise<CloudView> {
    for (;;) {
      await this.clock.sleep(plusSeconds(this.clock.now(), this.pollS), this.closing.signal).finally(begins);
      this.changed();
      try {
        return await this.read();
      } catch (error) {
        if (!(error instanceof FenixError && error.retryable)) throw error;
        this.log.warn({ code: error.code, reason: error.message }, 'cloud could not be read, trying again');
      }
    }
  }

  /** One that waits for its turn sees whatever is changed until it begins. */
  private read(): Promise<CloudView> {
    if (this.reading !== undefined) return this.reading;
    // For all sessions, so for none in particular.
    const reading = withRequestId(undefined, () => this.readings.of()).finally(() => {
      if (this.reading === reading) this.reading = undefined;
    });
    this.reading = reading;
    return reading;
  }

  private async fetch(): Promise<CloudView> {
    const { generation } = this;
    const at = this.clock.now();
    const reading = this.cloud.services();
    const [services, servers, capacities] = await Promise.all([
      reading,
      this.servers.read(at),
      reading.then((known) => this.capacities.read(at, known)),
    ]);
    const view = { at, services, servers, capacities };
    if (this.generation === generation) this.latest = view;
    return view;
  }
}

/** `promise`, or Stopped when `signal` aborts first. */
function abandonable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Stopped());
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
