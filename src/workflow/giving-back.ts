import type { SessionHost } from '../model/index.js';
import type { Step } from './decisions.js';
import { failing } from './trouble.js';
import type { SessionView } from './view.js';
import { deadline } from './waits.js';

/** The session is through with the host and owes it its compute service (L6). */
export function isOwedBack({ disabled, state }: SessionHost): boolean {
  return disabled && (state === 'done' || state === 'skipped');
}

/**
 * Has its compute service enabled, or waits for that; and before it for a request to disable it of which nobody knows
 * yet whether it arrived: sent once more it would outlast the enabling.
 */
export function giveBack(view: SessionView, { hostname }: SessionHost): Step {
  const changes = view.effects.filter(({ kind, subject }) => kind === 'service' && subject === hostname);
  const last = changes.findLast(({ action }) => action === 'enable');
  if (last?.state === 'failed') {
    const message = `The compute service of ${hostname} could not be enabled: ${last.outcome?.message}`;
    return failing({ code: 'service-failed', message, host: hostname });
  }
  const begun = changes.findLast(({ state }) => state === 'begun');
  if (begun === undefined) return { do: [{ kind: 'give-host-back', host: hostname }] };
  const until = deadline(view, 'service', view.settings.blockedTimeoutS);
  const change = begun.action === 'enable' ? 'enabled' : 'disabled, which was asked for before it is enabled';
  return {
    wait: { for: 'service', message: `Waiting for the compute service of ${hostname} to be ${change}.`, until },
  };
}
