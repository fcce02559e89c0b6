import { Ajv } from 'ajv';
import { type Clock, ManualClock, plusSeconds } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import type { ActionType } from '../../model/index.js';
import type { ActionCloud } from '../action-tools.js';
import type { ActionContext, ActionPhase, ActionPlugin, HostChange } from '../contract.js';
import { checkAction } from '../plugin-checks.js';
import { hasOneOf } from '../running/asked-if.js';
import { askWithin } from '../running/bounded.js';
import { isFailure, type PluginOutcome } from '../running/phases.js';
import { type Facts, PluginRecord } from '../running/record.js';
import { actionContext } from './action-context.js';
import { type LoggedLine, recordingLogger } from './recording-logger.js';
import { type RanProgram, type ScriptedProgram, ScriptedPrograms } from './scripted-programs.js';
import { whileTimePasses } from './time-passing.js';

/** What a test gives; the rest is as on a plain host. */
export interface TrialOptions {
  /** Default `run`, which begins with the plug-in's check, as a session does. */
  readonly phase?: ActionPhase;
  readonly host?: string;
  /** Default: the first that it serves, else compute. */
  readonly type?: ActionType;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly sessionMetadata?: Readonly<Record<string, unknown>>;
  /** Programs that it will run on the host, in their order. */
  readonly remote?: readonly ScriptedProgram[];
  /** Programs that it will run on the engine's machine. */
  readonly local?: readonly ScriptedProgram[];
  readonly cloud?: Partial<ActionCloud>;
  /** An engine died in the middle of an earlier run: `probe` is asked first. */
  readonly resumed?: boolean;
  /** What an earlier run has remembered. */
  readonly remembered?: Readonly<Record<string, unknown>>;
  /** Domain seconds, where the plug-in declares none; default 3600. */
  readonly timeoutS?: number;
  /** Real milliseconds that it may wait for something that is not its clock, before its time is up; default 5000. */
  readonly patienceMs?: number;
}

/** How it went. */
export interface Trial {
  /** What the session would show: `DONE`, or whatever the plug-in returned; `FAILED` on an exception or when time was up. */
  readonly state: string;
  /** Why it failed. */
  readonly message?: string;
  /** Runs that it took. */
  readonly attempts: number;
  readonly output: string;
  readonly facts: Facts;
  /** Hosts that it says have joined or left. */
  readonly changes: readonly HostChange[];
  /** What it has remembered for later runs. */
  readonly remembered: Facts;
  /** Programs that it ran, and those of the script that it did not. */
  readonly ran: { readonly remote: readonly RanProgram[]; readonly local: readonly RanProgram[] };
  readonly left: { readonly remote: readonly ScriptedProgram[]; readonly local: readonly ScriptedProgram[] };
  /** Domain seconds in all, waits between tries among them. */
  readonly tookS: number;
  readonly log: readonly LoggedLine[];
}

/**
 * Does with an action plug-in what the engine does: checks what it declares and the metadata, asks its check, runs it with
 * its retries within its time, and believes its verify. Time passes by itself wherever the plug-in sleeps by its clock.
 * @throws FenixError `plug-in-invalid`, `bad-metadata`, `action-type`: the engine or the API would not have come that far
 */
export async function tryAction(candidate: unknown, given: TrialOptions = {}): Promise<Trial> {
  const plugin = checkAction(candidate, 'under test');
  const { phase = 'run', type = plugin.types?.[0] ?? 'compute', metadata = {} } = given;
  requireAccepted(plugin, type, metadata);
  const clock = new ManualClock();
  const begun = clock.now();
  const log: LoggedLine[] = [];
  const record = new PluginRecord();
  const remote = new ScriptedPrograms(given.remote ?? [], record.output);
  const local = new ScriptedPrograms(given.local ?? [], record.output);
  const { host, sessionMetadata = {}, cloud } = given;
  const remembered = { ...given.remembered };
  const context = actionContext({
    ...(host !== undefined && { host }),
    name: plugin.name,
    type,
    metadata,
    sessionMetadata,
    clock,
    log: recordingLogger(log),
    remote,
    local,
    cloud: { ...actionContext().cloud, ...cloud },
    output: record.output,
    record: record.record,
    changed: record.changed,
    remembered,
    remember: async (facts) => void Object.assign(remembered, facts),
  });
  const ask = (asked: ActionPhase, attempt: number) =>
    askOnce(plugin, { ...context, phase: asked, attempt }, clock, given);
  const isChecked = phase === 'run' && plugin.check !== undefined && hasOneOf(metadata, plugin.checkIf);
  const checked = isChecked ? await ask('check', 1) : undefined;
  const refused = checked !== undefined && isFailure(checked.state);
  const { outcome, attempts } = refused
    ? { outcome: checked, attempts: 0 }
    : await withRetries(plugin, clock, phase, ask);
  const { output = '', facts = {} } = record.kept;
  const tookS = (clock.now().getTime() - begun.getTime()) / 1000;
  const ran = { remote: remote.ran, local: local.ran };
  return {
    ...outcome,
    attempts,
    output,
    facts,
    changes: record.changes,
    remembered,
    ran,
    left: { remote: remote.left, local: local.left },
    tookS,
    log,
  };
}

async function withRetries(
  plugin: ActionPlugin,
  clock: ManualClock,
  phase: ActionPhase,
  ask: (phase: ActionPhase, attempt: number) => Promise<PluginOutcome>,
): Promise<{ readonly outcome: PluginOutcome; readonly attempts: number }> {
  const { attempts: most, waitS } = plugin.retry ?? { attempts: 1, waitS: 0 };
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await ask(phase, attempt);
    if (!isFailure(outcome.state) || attempt >= most) return { outcome, attempts: attempt };
    clock.advanceTo(plusSeconds(clock.now(), waitS));
  }
}

function askOnce(
  plugin: ActionPlugin,
  context: ActionContext,
  clock: ManualClock,
  { timeoutS = 3600, patienceMs = 5000, resumed = false }: TrialOptions,
): Promise<PluginOutcome> {
  const seconds = plugin.timeoutS ?? timeoutS;
  const begunAt = clock.now();
  const bounds = { clock: clock as Clock, begunAt, seconds, stopping: new AbortController().signal };
  const ask = () => askWithin(plugin, bounds, resumed, (signal) => ({ ...context, signal }));
  return whileTimePasses(clock, ask, plusSeconds(begunAt, seconds), patienceMs);
}

function requireAccepted(plugin: ActionPlugin, type: ActionType, metadata: object): void {
  if (plugin.types?.includes(type) === false) {
    throw new FenixError('input', 'action-type', `${plugin.name} does not serve type ${type}.`, { field: 'type' });
  }
  if (plugin.metadataSchema === undefined) return;
  const ajv = new Ajv({ strict: false, validateFormats: false });
  if (ajv.validate(plugin.metadataSchema, metadata)) return;
  const message = ajv.errorsText(ajv.errors, { dataVar: 'metadata' });
  throw new FenixError('input', 'bad-metadata', `${plugin.name}: ${message}.`, { field: 'metadata' });
}
