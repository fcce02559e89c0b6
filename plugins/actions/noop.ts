import { plusSeconds } from '../../src/common/clock.js';
import type { ActionContext, ActionPlugin } from '../../src/workflow/contract.js';

interface NoopMetadata {
  /** Domain seconds that the work takes. */
  readonly duration?: number;
  /** Hosts on which it fails, to see what a failure does. */
  readonly fail_on?: readonly string[];
  /** How many attempts fail there; absent = all. */
  readonly fail_times?: number;
  /** Hosts on which it cannot be undone. */
  readonly fail_undo_on?: readonly string[];
}

/** Does nothing for a while: for demonstrations, tests, and sessions that are only to empty the hosts. */
async function run({ host, metadata, attempt, clock, signal, log }: ActionContext): Promise<string> {
  const { duration = 0, fail_on: failOn = [], fail_times: failTimes } = metadata as NoopMetadata;
  if (duration > 0) await clock.sleep(plusSeconds(clock.now(), duration), signal);
  log.info({ duration }, 'nothing was done, as asked');
  return failOn.includes(host) && attempt <= (failTimes ?? attempt) ? 'FAILED' : 'DONE';
}

/** There is nothing to take back, which takes as long. */
async function undo({ host, metadata, clock, signal }: ActionContext): Promise<string> {
  const { duration = 0, fail_undo_on: failOn = [] } = metadata as NoopMetadata;
  if (duration > 0) await clock.sleep(plusSeconds(clock.now(), duration), signal);
  return failOn.includes(host) ? 'FAILED' : 'DONE';
}

export default {
  name: 'noop',
  version: '1.0.0',
  description: 'Does nothing, for as long as asked',
  metadataSchema: {
    type: 'object',
    properties: {
      duration: { type: 'number', minimum: 0, maximum: 86_400, description: 'seconds' },
      fail_times: { type: 'integer', minimum: 1, description: 'attempts that fail there; absent = all' },
      fail_on: { type: 'array', items: { type: 'string' }, description: 'hosts on which it fails' },
      fail_undo_on: { type: 'array', items: { type: 'string' }, description: 'hosts on which undo fails' },
    },
    additionalProperties: false,
  },
  run,
  undo,
} satisfies ActionPlugin;
