import { FenixError, Stopped } from '../../common/errors.js';
import { type CallTarget, type FromPlugin, received, type ToPlugin } from './protocol.js';

/** Calls that a plug-in may have under way at once. */
const MOST_CALLS = 256;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** What a plug-in's process asks of the engine. */
export class EngineLine {
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private readonly aborting = new AbortController();

  constructor(
    private readonly send: (message: FromPlugin) => void,
    private readonly onHeard: () => void,
  ) {}

  /** Aborts when the engine says so. */
  get signal(): AbortSignal {
    return this.aborting.signal;
  }

  /** @throws whatever the engine's side threw; Stopped when `signal` aborts; FenixError `too-many-calls` */
  call(target: CallTarget, method: string, args: unknown[], signal?: AbortSignal): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(new Stopped());
    if (this.pending.size >= MOST_CALLS) {
      const message = `A plug-in may ask the engine for ${MOST_CALLS} things at once; wait for some of them.`;
      return Promise.reject(new FenixError('terminal', 'too-many-calls', message));
    }
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.pending.delete(id);
        this.send({ say: 'cancel', id });
        reject(new Stopped());
      };
      const settled = (): void => {
        this.pending.delete(id);
        signal?.removeEventListener('abort', onAbort);
      };
      this.send({ say: 'call', id, target, method, args });
      this.pending.set(id, {
        resolve: (value) => {
          settled();
          resolve(value);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** A word of the engine. */
  take(message: ToPlugin): void {
    if (message.say === 'heard') this.onHeard();
    else if (message.say === 'abort') this.aborting.abort(new Stopped());
    else if (message.say === 'answer') this.pending.get(message.id)?.resolve(message.value);
    else this.pending.get(message.id)?.reject(received(message.error));
  }
}
