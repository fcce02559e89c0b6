import type { MachineClock } from '../common/clock.js';
import { messageOf, Stopped } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { RpcServer } from './rpc-server.js';

/** How long a start waits for a broker that may be just coming. */
const PATIENCE_MS = 2000;
const RETRY_MS = 30_000;

/** A server that listens as soon as the broker lets it: its process does not depend on that (L1). */
export class EventualServer {
  private readonly stopping = new AbortController();

  constructor(
    private readonly server: RpcServer,
    private readonly clock: MachineClock,
    private readonly logger: Logger,
  ) {}

  /** Resolves when it listens, or after a moment without a broker; then it goes on trying. */
  async start(): Promise<void> {
    const done = new AbortController();
    void this.listen().finally(() => done.abort());
    await this.clock.sleepMs(PATIENCE_MS, done.signal).catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.server.stop();
  }

  /** Never rejects. */
  private async listen(): Promise<void> {
    for (let wasSaid = false; !this.stopping.signal.aborted; wasSaid = true) {
      try {
        await this.server.start();
        // It may have been waiting for the broker when it was stopped.
        if (this.stopping.signal.aborted) await this.server.stop();
        return;
      } catch (thrown) {
        if (this.stopping.signal.aborted) return;
        if (!wasSaid) this.logger.error({ error: messageOf(thrown) }, 'RPC server cannot listen; attempts go on');
      }
      await this.clock.sleepMs(RETRY_MS, this.stopping.signal).catch((thrown: unknown) => {
        if (!(thrown instanceof Stopped)) throw thrown;
      });
    }
  }
}
