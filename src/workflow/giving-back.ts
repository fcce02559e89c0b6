import type { SessionHost } from '../model/index.js';
import type { Step } from './decisions.js';
import { failing } from './trouble.js';
import type { SessionView } from './view.js';
import { deadline } from './waits.js';

/** The session is through with the host and owes it its compute service (L6). */
export function isOwedBack({ disabled, state }: SessionHost): boolean {
  return disabled && (state === 'done' || state === 'skipped');
}

/** Has its compute service enabled, or waits for that. */
export function giveBack(view: SessionView, { hostname }: SessionHost): Step {
  const last = view.effects.findLast((effect) => effect.subject === hostname && effect.action === 'enable');
  if (last?.state === 'failed') {
    const message = `The compute service of ${hostname} could not be enabled: ${last.outcome?.message}`;
    return failing({ code: 'service-failed', message, host: hostname });
  }
  if (last?.state !== 'begun') return { do: [{ kind: 'give-host-back', host: hostname }] };
  const until = deadline(view, 'service', view.settings.blockedTimeoutS);
  return { wait: { for: 'service', message: `Waiting for the compute service of ${hostname} to be enabled.`, until } };
}
