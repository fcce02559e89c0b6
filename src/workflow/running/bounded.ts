import { type Clock, plusSeconds } from '../../common/clock.js';
import type { ActionContext, ActionPlugin } from '../contract.js';
import { askPlugin, type PluginOutcome } from './phases.js';

export interface Bounds {
  readonly clock: Clock;
  readonly begunAt: Date;
  /** Domain seconds from then on. */
  readonly seconds: number;
  /** Whoever runs it has to let go. */
  readonly stopping: AbortSignal;
}

/**
 * Asks a plug-in for what its phase is about, within its time.
 * @param contextWith the context, given its signal: it aborts when the time is up, and with `stopping`
 * @throws Stopped when `stopping` aborted
 */
export async function askWithin(
  plugin: ActionPlugin,
  { clock, begunAt, seconds, stopping }: Bounds,
  resumed: boolean,
  contextWith: (signal: AbortSignal) => ActionContext,
): Promise<PluginOutcome> {
  const ended = new AbortController();
  const signal = AbortSignal.any([stopping, ended.signal]);
  const context = contextWith(signal);
  const timeUp = clock
    .sleep(plusSeconds(begunAt, seconds), signal)
    .then((): PluginOutcome => ({ state: 'FAILED', message: `${context.name} did not end within ${seconds} s.` }));
  const asked = askPlugin(plugin, context, resumed);
  // Told to end, it may do so in any way: nobody listens any more.
  asked.catch(() => undefined);
  try {
    return await Promise.race([asked, timeUp]);
  } finally {
    timeUp.catch(() => undefined);
    ended.abort();
  }
}
