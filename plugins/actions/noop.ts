import { plusSeconds } from '../../src/common/clock.js';
import { FenixError, Stopped } from '../../src/common/errors.js';
import type { ActionContext, ActionPlugin } from '../../src/workflow/contract.js';

/** `fail`: it says no; `hang`: it ends when its time is up; `crash`: it throws. */
const ENDS = ['succeed', 'fail', 'hang', 'crash'] as const;
type End = (typeof ENDS)[number];
const STEPS = ['check', 'run', 'probe', 'verify', 'undo'] as const;
type Step = (typeof STEPS)[number];

interface NoopMetadata extends Readonly<Partial<Record<Step, End>>> {
  /** Domain seconds that the work takes. */
  readonly duration?: number;
  /** Hosts on which steps end as said; absent = all. */
  readonly on?: readonly string[];
  /** Hosts on which it fails, to see what a failure does. */
  readonly fail_on?: readonly string[];
  /** How many attempts fail there; absent = all. */
  readonly fail_times?: number;
  /** Hosts on which it cannot be undone. */
  readonly fail_undo_on?: readonly string[];
}

function metadataOf({ metadata }: ActionContext): NoopMetadata {
  return metadata as NoopMetadata;
}

/** Does nothing for a while: for demonstrations, tests, rehearsals, and sessions that are only to empty the hosts. */
async function run(context: ActionContext): Promise<string> {
  const { host, attempt, log } = context;
  const { duration = 0, fail_on: failOn = [], fail_times: failTimes = attempt } = metadataOf(context);
  await rest(context);
  log.info({ duration }, 'nothing was done, as asked');
  const isTold = attempt <= failTimes;
  if (isTold && failOn.includes(host)) return 'FAILED';
  return !isTold || (await endsWell(context, 'run')) ? 'DONE' : 'FAILED';
}

/** There is nothing to take back, which takes as long. */
async function undo(context: ActionContext): Promise<string> {
  const { fail_undo_on: failOn = [] } = metadataOf(context);
  await rest(context);
  return failOn.includes(context.host) || !(await endsWell(context, 'undo')) ? 'FAILED' : 'DONE';
}

async function rest(context: ActionContext): Promise<void> {
  const { clock, signal } = context;
  const { duration = 0 } = metadataOf(context);
  if (duration > 0) await clock.sleep(plusSeconds(clock.now(), duration), signal);
}

/** Ends a step as the metadata says, `byDefault` where it says nothing. */
async function endsWell(context: ActionContext, step: Step, byDefault: End = 'succeed'): Promise<boolean> {
  const metadata = metadataOf(context);
  const isMeant = metadata.on?.includes(context.host) ?? true;
  const end = (isMeant ? metadata[step] : undefined) ?? byDefault;
  if (end === 'crash') throw new FenixError('terminal', 'noop-crash', `noop breaks off in ${step}, as asked.`);
  if (end === 'hang') await timeUp(context.signal);
  return end === 'succeed';
}

function timeUp(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(new Stopped());
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

function end(step: Step): object {
  return { type: 'string', enum: ENDS, description: `how ${step} ends on the hosts of "on"` };
}

export default {
  name: 'noop',
  version: '1.1.0',
  description: 'Does nothing, for as long as asked, or fails in the way that a rehearsal asks for',
  metadataSchema: {
    type: 'object',
    properties: {
      duration: { type: 'number', minimum: 0, maximum: 86_400, description: 'seconds' },
      fail_times: { type: 'integer', minimum: 1, description: 'attempts of run that fail; absent = all' },
      fail_on: { type: 'array', items: { type: 'string' }, description: 'hosts on which it fails' },
      fail_undo_on: { type: 'array', items: { type: 'string' }, description: 'hosts on which undo fails' },
      on: { type: 'array', items: { type: 'string' }, description: 'hosts meant by what follows; absent = all' },
      ...Object.fromEntries(STEPS.map((step) => [step, end(step)])),
    },
    additionalProperties: false,
  },
  // Most sessions ask for nothing there, and should not wait for an answer of each host.
  checkIf: ['check'],
  run,
  undo,
  check: (context) => endsWell(context, 'check'),
  probe: (context) => endsWell(context, 'probe', 'fail'),
  verify: (context) => endsWell(context, 'verify'),
} satisfies ActionPlugin;
