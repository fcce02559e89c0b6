import { plusSeconds } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import type { ActionContext } from '../../src/workflow/contract.js';
import { computeServiceOf } from '../../src/workflow/hosts.js';
import { failureOf, insisting, outputOf } from './programs.js';
import { ARGV, PATH, SECONDS } from './schemas.js';

export interface RebootOptions {
  readonly reboot_argv?: readonly string[];
  readonly boot_id_path?: string;
  /** Domain seconds for coming back, and again for the compute service. */
  readonly timeout?: number;
  readonly wait_for_service?: boolean;
  /** Nova's option of this name: for so long after its last sign of life a service counts as up. */
  readonly service_down_time?: number;
}

export const REBOOT_OPTIONS = {
  reboot_argv: { ...ARGV, description: 'asks for the reboot; default: systemctl reboot' },
  boot_id_path: { ...PATH, description: 'file that is another one after each boot; default: the kernel’s boot_id' },
  timeout: { ...SECONDS, description: 'seconds for coming back, and again for the compute service; default: 900' },
  wait_for_service: { type: 'boolean', description: 'wait for the host’s nova-compute; default: true' },
  service_down_time: {
    type: 'number',
    minimum: 0,
    maximum: 3600,
    description: 'Nova’s service_down_time; default: 60',
  },
} as const;

const POLL_S = 5;
/** A host that is still as it was so long after it was asked is asked once more. */
const ASK_AGAIN_S = 120;
/** Machine seconds for one look. */
const LOOK_S = 60;

/** Asks only the boot that is meant, so that a request which is late, or a second one, reboots nothing twice. */
const ASK_THIS_BOOT = '[ "$(cat -- "$1")" = "$2" ] || exit 77; shift 2; exec "$@"';
const ANOTHER_BOOT = 77;

/** Whether this life, or an earlier one, or an earlier attempt, has begun a reboot that it did not see the end of. */
export function isBegun({ remembered }: ActionContext): boolean {
  return typeof remembered.bootId === 'string';
}

/** Whether this attempt has seen the end of its reboot. What became of the rest of it is not known after a crash. */
export function isRebooted({ remembered, attempt }: ActionContext): boolean {
  return remembered.rebootedIn === attempt;
}

/** The id of the host's present boot. @throws FenixError `boot-id` */
export async function bootIdOf(
  context: ActionContext,
  { boot_id_path: path = BOOT_ID }: RebootOptions,
): Promise<string> {
  const programs = insisting(context, context.remote);
  const id = await outputOf(programs, context.host, 'boot-id', ['cat', '--', path], { quiet: true, timeoutS: LOOK_S });
  if (id.trim() !== '') return id.trim();
  throw new FenixError('terminal', 'boot-id', `${path} on ${context.host} is empty, so a reboot could not be seen.`);
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * Reboots the host, once, however often the engine dies meanwhile: the id of the boot that is to end is kept first, and
 * the host is asked under that id.
 * @throws FenixError `reboot-refused`, `reboot-not-begun`, `host-not-back`, `compute-service-down`, those of Programs
 */
export async function reboot(context: ActionContext, options: RebootOptions): Promise<void> {
  const { clock, log, host } = context;
  if (isRebooted(context)) return;
  if (!isBegun(context)) await context.remember({ bootId: await bootIdOf(context, options) });
  const before = String(context.remembered.bootId);
  const back = await untilBack(context, options, before);
  log.info({ host, bootId: back.bootId }, 'host is back');
  context.record({ boot_id_before: before, boot_id: back.bootId });
  if (options.wait_for_service ?? true) await untilServiceUp(context, options, back.oldBootSeen);
  await context.remember({ bootId: null, rebootedIn: context.attempt });
  context.output(`${host} was rebooted, it is back since ${clock.now().toISOString()}.\n`);
}

/** Whether the reboot that this run has begun is over, as far as that can be told at once. */
export async function isOver(context: ActionContext, options: RebootOptions): Promise<boolean> {
  if (!isBegun(context)) return isRebooted(context);
  const seen = await look(context, options);
  if (seen instanceof FenixError || seen === context.remembered.bootId) return false;
  return !(options.wait_for_service ?? true) || (await serviceOf(context)) === undefined;
}

/** @returns when the old boot was surely still there for the last time */
async function untilBack(
  context: ActionContext,
  options: RebootOptions,
  before: string,
): Promise<{ readonly bootId: string; readonly oldBootSeen: Date }> {
  const { clock, signal, host } = context;
  const { timeout = 900 } = options;
  const begun = clock.now();
  const deadline = plusSeconds(begun, timeout);
  let oldBootSeen = begun;
  let askAt = begun;
  let last: string | FenixError = before;
  let wasAway = false;
  for (;;) {
    last = await look(context, options);
    if (typeof last === 'string' && last !== before) return { bootId: last, oldBootSeen };
    if (last instanceof FenixError && last.code === 'host-key') throw last;
    if (last instanceof FenixError) wasAway = true;
    else {
      oldBootSeen = clock.now();
      if (clock.now() >= askAt) {
        await ask(context, options, before);
        askAt = plusSeconds(clock.now(), ASK_AGAIN_S);
      }
    }
    if (clock.now() >= deadline) throw notBack(host, timeout, last, wasAway);
    await clock.sleep(plusSeconds(clock.now(), POLL_S), signal);
  }
}

function notBack(host: string, timeout: number, last: string | FenixError, wasAway: boolean): FenixError {
  if (last instanceof FenixError) {
    const message = `${host} did not come back within ${timeout} s of its reboot: ${last.message}`;
    return new FenixError('terminal', 'host-not-back', message, { cause: last });
  }
  const what = wasAway ? 'was away for a while and is the same boot as before' : 'goes on as before';
  return new FenixError('terminal', 'reboot-not-begun', `${host} was asked to reboot and ${what}, ${timeout} s later.`);
}

async function ask(context: ActionContext, options: RebootOptions, before: string): Promise<void> {
  const { boot_id_path: path = BOOT_ID, reboot_argv: argv = ['systemctl', 'reboot'] } = options;
  const asking = ['/bin/sh', '-c', ASK_THIS_BOOT, 'sh', path, before, ...argv];
  try {
    const result = await context.remote.run(asking, { timeoutS: LOOK_S });
    if (result.code !== 0 && result.code !== ANOTHER_BOOT) {
      throw failureOf(context.host, 'reboot-refused', argv, result);
    }
  } catch (error) {
    // A host that goes down takes the connection with it. Whether it does is seen by its boot id.
    if (!(error instanceof FenixError && error.retryable)) throw error;
    context.log.info({ host: context.host, reason: error.message }, 'no answer to the reboot');
  }
}

/** The boot id, or why it cannot be read now; while a host starts, much is refused that is allowed later. */
async function look(
  context: ActionContext,
  { boot_id_path: path = BOOT_ID }: RebootOptions,
): Promise<string | FenixError> {
  try {
    const options = { quiet: true, timeoutS: LOOK_S };
    const id = await outputOf(context.remote, context.host, 'boot-id', ['cat', '--', path], options);
    return id.trim();
  } catch (error) {
    if (error instanceof FenixError) return error;
    throw error;
  }
}

/** Its last sign of life keeps a service up in Nova's eyes: only one that came after the old boot counts. */
async function untilServiceUp(context: ActionContext, options: RebootOptions, oldBootSeen: Date): Promise<void> {
  const { clock, signal, host } = context;
  const { timeout = 900, service_down_time: downTime = 60 } = options;
  const deadline = plusSeconds(clock.now(), timeout + downTime);
  for (;;) {
    const service = await serviceOf(context);
    if (service === undefined) return;
    const isNews = clock.now() >= plusSeconds(oldBootSeen, downTime);
    if (service.up && isNews) return;
    if (clock.now() >= deadline) {
      const message = `${host} is back, but its compute service did not come up within ${timeout + downTime} s.`;
      throw new FenixError('terminal', 'compute-service-down', message);
    }
    await clock.sleep(plusSeconds(clock.now(), POLL_S), signal);
  }
}

/** The host's nova-compute: undefined when it has none; not up while Nova cannot be asked. */
async function serviceOf({ cloud, host, signal, log }: ActionContext): Promise<{ readonly up: boolean } | undefined> {
  try {
    return computeServiceOf({ services: await cloud.services(signal) }, host);
  } catch (error) {
    if (!(error instanceof FenixError && error.retryable)) throw error;
    log.warn({ reason: error.message }, 'Nova cannot be asked for the compute service');
    return { up: false };
  }
}
