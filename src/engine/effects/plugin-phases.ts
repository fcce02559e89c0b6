import { messageOf, Stopped } from '../../common/errors.js';
import type { ActionContext, ActionPhase, ActionPlugin } from '../../workflow/contract.js';

/** What a failed run's journal entry says beside the state: when the plug-in's retry class allows another. */
export interface PluginOutcome {
  readonly state: string;
  readonly message?: string;
  readonly retryAt?: string;
}

/** An empty text, or one that says so. */
export function isFailure(state: string): boolean {
  return state === '' || state.includes('FAILED');
}

/**
 * Asks the plug-in for what the phase is about; an exception is a failure with its sentence.
 * @param resumed an earlier life had begun it
 * @throws Stopped when the engine has to let go
 */
export async function askPlugin(
  plugin: ActionPlugin,
  context: ActionContext,
  resumed: boolean,
): Promise<PluginOutcome> {
  try {
    return await PHASES[context.phase](plugin, context, resumed);
  } catch (error) {
    if (error instanceof Stopped) throw error;
    return failed(messageOf(error));
  }
}

type Phase = (plugin: ActionPlugin, context: ActionContext, resumed: boolean) => Promise<PluginOutcome>;

const PHASES: Readonly<Record<ActionPhase, Phase>> = {
  check: async (plugin, context) => {
    const fits = plugin.check === undefined || (await plugin.check(context));
    return fits ? { state: 'DONE' } : failed(`${context.name} says that it cannot run here.`);
  },

  run: async (plugin, context, resumed) => {
    // An earlier life may have finished the work.
    const doneBefore = resumed && plugin.probe !== undefined && (await plugin.probe(context));
    const state = doneBefore ? 'DONE' : String((await plugin.run(context)) ?? '');
    if (state !== 'DONE' || (await isVerified(plugin, context))) return { state };
    return failed(`${context.name} says that its work cannot be seen on the host.`);
  },

  // After a crash nobody is asked first: it must bear being run again.
  undo: async (plugin, context) => {
    const state = String((await plugin.undo?.(context)) ?? '');
    if (isFailure(state) || (await isVerified(plugin, context))) return { state };
    return failed(`${context.name} says that its work can still be seen on the host.`);
  },

  release: async (plugin, context) => ({ state: String((await plugin.release?.(context)) ?? '') }),
};

async function isVerified(plugin: ActionPlugin, context: ActionContext): Promise<boolean> {
  return plugin.verify === undefined || plugin.verify(context);
}

function failed(message: string): PluginOutcome {
  return { state: 'FAILED', message };
}
