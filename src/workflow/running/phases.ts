import { Stopped } from '../../common/errors.js';
import type { ActionContext, ActionPhase, ActionPlugin } from '../contract.js';
import { sentenceOf } from './sentence.js';

/** What a failed run's journal entry says beside the state: when the plug-in's retry class allows another. */
export interface PluginOutcome {
  readonly state: string;
  readonly message?: string;
  readonly retryAt?: string;
}

/** Characters that a state may have. */
const LONGEST_STATE = 255;

/** An empty text, or one that says so. */
export function isFailure(state: string): boolean {
  return state === '' || state.includes('FAILED');
}

/**
 * Asks the plug-in for what the phase is about; an exception is a failure with its sentence.
 * @param resumed an earlier life had begun it
 * @throws Stopped when the context's signal aborted: what is to become of it knows whoever aborts
 */
export async function askPlugin(
  plugin: ActionPlugin,
  context: ActionContext,
  resumed: boolean,
): Promise<PluginOutcome> {
  try {
    return await PHASES[context.phase](plugin, context, resumed);
  } catch (error) {
    // A wait that the plug-in itself ended is no news of ours.
    if (error instanceof Stopped && context.signal.aborted) throw error;
    context.log.warn({ err: error }, 'plug-in threw');
    return failed(sentenceOf(error));
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
    const outcome = doneBefore ? { state: 'DONE' } : outcomeOf(await plugin.run(context), context);
    if (outcome.state !== 'DONE' || (await isVerified(plugin, context))) return outcome;
    return failed(`${context.name} says that its work cannot be seen on the host.`);
  },

  // After a crash nobody is asked first: it must bear being run again.
  undo: async (plugin, context) => {
    const outcome = outcomeOf(await plugin.undo?.(context), context);
    if (isFailure(outcome.state) || (await isVerified(plugin, context))) return outcome;
    return failed(`${context.name} says that its work can still be seen on the host.`);
  },

  release: async (plugin, context) => outcomeOf(await plugin.release?.(context), context),
};

/** Of what it returned, which may be anything. */
function outcomeOf(returned: unknown, { name }: ActionContext): PluginOutcome {
  const state = String(returned ?? '');
  if (state.length <= LONGEST_STATE) return { state };
  return failed(`${name} returned ${state.length} characters; a state has at most ${LONGEST_STATE}.`);
}

async function isVerified(plugin: ActionPlugin, context: ActionContext): Promise<boolean> {
  return plugin.verify === undefined || plugin.verify(context);
}

function failed(message: string): PluginOutcome {
  return { state: 'FAILED', message };
}
