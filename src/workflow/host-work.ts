import type { SessionHost } from '../model/index.js';
import type { Step } from './decisions.js';
import { actionsFor, progressOf } from './maintaining.js';
import { startStopped } from './stopped.js';
import { resolveTrouble } from './trouble.js';
import type { SessionView } from './view.js';

/** The next step on a host that is in maintenance: its actions, then what was stopped there, then it is done. */
export function workOn(view: SessionView, host: SessionHost): Step {
  const { hostname } = host;
  const progress = progressOf(view, hostname, actionsFor(view, host));
  if (!progress.done) return 'trouble' in progress ? resolveTrouble(view, progress.trouble) : progress.step;
  const done: Step = { do: [{ kind: 'set-host-state', host: hostname, state: 'done', why: 'its actions succeeded' }] };
  return startStopped(view, hostname) ?? done;
}
