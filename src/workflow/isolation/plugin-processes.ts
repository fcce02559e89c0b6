import { pathToFileURL } from 'node:url';
import type { MachineClock } from '../../common/clock.js';
import { FenixError, Stopped } from '../../common/errors.js';
import { SHIPPED } from '../../model/index.js';
import type { ActionContext, ActionPlugin } from '../contract.js';
import { ACTION_METHODS, type ActionMethod, checkAction } from '../plugin-checks.js';
import type { FoundModule } from '../plugin-places.js';
import { IsolatedCall } from './isolated-call.js';
import { PluginProcess } from './plugin-process.js';
import { type CheckOrder, type Exported, type FromPlugin, received } from './protocol.js';

export interface ProcessesSettings {
  /** Which action plug-ins run in processes of their own; `none` = nothing is, not even the import for the checks. */
  readonly isolation: 'third-party' | 'all' | 'none';
  readonly memoryMiB: number;
  /** Machine seconds that a run has to end by itself after its signal aborted. */
  readonly graceS: number;
  /** Machine seconds that an import may take. */
  readonly loadTimeoutS: number;
}

const ENTRY = new URL('./check-process.js', import.meta.url);

/**
 * Keeps plug-ins of others away from the engine's own process: they are imported in another one first, and action plug-ins
 * have one for each thing that they are asked. (A thread would not do: V8 ends the whole process when one of them is out of
 * memory at the wrong moment.) That is a wall against accidents, not against malice: it is the same user's process.
 */
export class PluginProcesses {
  private readonly calls = new Set<IsolatedCall>();

  constructor(
    private readonly settings: ProcessesSettings,
    private readonly machine: MachineClock,
  ) {}

  /** Whether an action plug-in of that source runs in processes of its own. */
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
   * An action plug-in whose functions run in processes of their own.
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
    const pure = functions.includes('removes') ? { removes: await this.removes(module) } : {};
    return checkAction(data && { ...data, ...pure, ...Object.fromEntries(asked) }, module.file);
  }

  /** Planning asks that at once: of our own code it may, in this process. */
  private async removes({ source, file }: FoundModule): Promise<unknown> {
    if (source === SHIPPED) return (await import(pathToFileURL(file).href)).default.removes;
    throw invalid(`Plug-in ${file}: removes cannot be asked of a plug-in that runs by itself ([plugins] isolation).`);
  }

  /** Processes in which something is asked. */
  get running(): number {
    return this.calls.size;
  }

  /** Resolves when there are none. */
  async settled(): Promise<void> {
    await Promise.all([...this.calls].map((call) => call.gone));
  }

  /** Ends them all. */
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
    const order: CheckOrder = { file };
    let onMessage = (_message: unknown): void => undefined;
    const said = new Promise<FromPlugin>((resolve) => {
      onMessage = (message) => resolve(message as FromPlugin);
    });
    const child = new PluginProcess(ENTRY, order, { memoryMiB, onMessage });
    let cancel = (): void => undefined;
    const late = new Promise<string>((resolve) => {
      cancel = this.machine.after(loadTimeoutS * 1000, () => resolve(`took more than ${loadTimeoutS} s`));
    });
    try {
      const outcome = await Promise.race([said, child.ended, late]);
      if (typeof outcome === 'string') throw invalid(`Plug-in ${file} ${outcome} when it was imported.`);
      if (outcome.say === 'exported') return outcome.exported;
      const why = outcome.say === 'refused' ? received(outcome.error).message : 'it left an error unhandled.';
      throw invalid(`Plug-in ${file} cannot be loaded: ${why}`);
    } finally {
      cancel();
      await child.terminate();
    }
  }
}

function invalid(message: string): FenixError {
  return new FenixError('terminal', 'plug-in-invalid', message);
}
