import type { MachineClock } from '../../common/clock.js';
import { FenixError, Stopped } from '../../common/errors.js';
import type { ActionContext, ActionPlugin } from '../contract.js';
import { ACTION_METHODS, type ActionMethod, checkAction } from '../plugin-checks.js';
import { type FoundModule, SHIPPED } from '../plugin-places.js';
import { IsolatedCall } from './isolated-call.js';
import { type Exported, received, type SentError } from './protocol.js';
import { Thread } from './thread.js';

export interface ThreadsSettings {
  /** Which action plug-ins run in threads; `none` = nothing is, not even the import for the checks. */
  readonly isolation: 'third-party' | 'all' | 'none';
  readonly memoryMiB: number;
  /** Machine seconds that a run has to end by itself after its signal aborted. */
  readonly graceS: number;
  /** Machine seconds that an import may take. */
  readonly loadTimeoutS: number;
}

const ENTRY = new URL('./check-worker.js', import.meta.url);

type CheckSaid =
  | { readonly say: 'exported'; readonly exported: Exported }
  | { readonly say: 'threw'; readonly error: SentError };

/**
 * Keeps plug-ins of others away from the engine's own thread: they are imported in one first, and action plug-ins have one
 * for each thing that they are asked. That is a wall against accidents, not against malice: a thread may read what the
 * process may read.
 */
export class PluginThreads {
  private readonly calls = new Set<IsolatedCall>();

  constructor(
    private readonly settings: ThreadsSettings,
    private readonly machine: MachineClock,
  ) {}

  /** Whether an action plug-in of that source runs in threads. */
  isolates(source: string): boolean {
    const { isolation } = this.settings;
    return isolation === 'all' || (isolation === 'third-party' && source !== SHIPPED);
  }

  /**
   * Imports it where that can do no harm; nothing for what {@link isolates} lets in unseen.
   * @throws FenixError `plug-in-invalid` naming the file and what came of it
   */
  async tryImport(module: FoundModule): Promise<void> {
    if (this.isolates(module.source)) await this.exported(module.file);
  }

  /**
   * An action plug-in whose functions run in threads.
   * @param isUnchanged asked before each: the module is read anew each time
   * @throws FenixError `plug-in-invalid`
   */
  async action(module: FoundModule, isUnchanged: () => boolean): Promise<ActionPlugin> {
    const { data, functions } = await this.exported(module.file);
    const ask = (method: ActionMethod) => async (context: ActionContext) => {
      if (isUnchanged()) return this.call(module.file, method, context);
      const message = `${module.file} is not what it was when the engine started. Start the engine anew to use it.`;
      throw new FenixError('terminal', 'plug-in-changed', message);
    };
    const asked = ACTION_METHODS.filter((method) => functions.includes(method)).map((method) => [method, ask(method)]);
    return checkAction(data && { ...data, ...Object.fromEntries(asked) }, module.file);
  }

  /** Threads in which something is asked. */
  get running(): number {
    return this.calls.size;
  }

  /** Resolves when there are none. */
  async settled(): Promise<void> {
    await Promise.all([...this.calls].map((call) => call.gone));
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await Promise.all([...this.calls].map((call) => call.terminate()));
  }

  private async call(file: string, method: ActionMethod, context: ActionContext): Promise<string | boolean> {
    if (context.signal.aborted) throw new Stopped();
    const call = new IsolatedCall(file, method, context, this.settings, this.machine);
    this.calls.add(call);
    void call.gone.then(() => this.calls.delete(call));
    return call.run();
  }

  private async exported(file: string): Promise<Exported> {
    const { memoryMiB, loadTimeoutS } = this.settings;
    let onSaid = (_said: CheckSaid): void => undefined;
    const said = new Promise<CheckSaid>((resolve) => {
      onSaid = resolve;
    });
    const thread = new Thread(ENTRY, { file }, { memoryMiB, onMessage: (message) => onSaid(message as CheckSaid) });
    let cancel = (): void => undefined;
    const late = new Promise<string>((resolve) => {
      cancel = this.machine.after(loadTimeoutS * 1000, () => resolve(`took more than ${loadTimeoutS} s`));
    });
    try {
      const outcome = await Promise.race([said, thread.ended, late]);
      if (typeof outcome === 'string') throw invalid(`Plug-in ${file} ${outcome} when it was imported.`);
      if (outcome.say === 'exported') return outcome.exported;
      const error = received(outcome.error);
      throw error instanceof FenixError ? error : invalid(`Plug-in ${file} cannot be loaded: ${error.message}`);
    } finally {
      cancel();
      await thread.terminate();
    }
  }
}

function invalid(message: string): FenixError {
  return new FenixError('terminal', 'plug-in-invalid', message);
}
