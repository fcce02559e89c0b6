import { FenixError } from '../../src/common/errors.js';
import type { ProgramResult, Programs } from '../../src/workflow/action-tools.js';
import type { ActionContext, ActionPlugin } from '../../src/workflow/contract.js';
import { failureOf, insisting } from '../lib/programs.js';
import { ARGV, ENV, SECONDS } from '../lib/schemas.js';

interface CommandMetadata {
  readonly argv: readonly string[];
  /** The first element of each argv is a script of /bin/sh, the others its `$1` … */
  readonly shell?: boolean;
  readonly where?: 'host' | 'engine';
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Machine seconds for each of the programs. */
  readonly timeout?: number;
  /** Exit codes of `argv` that are a success. */
  readonly expect?: readonly number[];
  readonly check_argv?: readonly string[];
  readonly verify_argv?: readonly string[];
  readonly probe_argv?: readonly string[];
  readonly undo_argv?: readonly string[];
}

const metadataOf = ({ metadata }: Pick<ActionContext, 'metadata'>) => metadata as unknown as CommandMetadata;

/** Exit codes by which a shell or `setsid` says that there is no such program, or that it may not be run. */
const NOT_RUN: readonly (number | null)[] = [126, 127];

const programsOf = (context: ActionContext): Programs =>
  insisting(context, metadataOf(context).where === 'engine' ? context.local : context.remote);

async function runProgram(context: ActionContext, argv: readonly string[], quiet = false): Promise<ProgramResult> {
  const { shell = false, env, input, timeout } = metadataOf(context);
  const [script = '', ...args] = argv;
  return programsOf(context).run(shell ? ['/bin/sh', '-c', script, 'sh', ...args] : argv, {
    quiet,
    ...(env !== undefined && { env }),
    ...(input !== undefined && !quiet && { input }),
    ...(timeout !== undefined && { timeoutS: timeout }),
  });
}

/** @throws FenixError `command-failed` */
async function carryOut(context: ActionContext, argv: readonly string[]): Promise<string> {
  const { expect = [0] } = metadataOf(context);
  const result = await runProgram(context, argv);
  context.record({ exit_code: result.code });
  if (result.code !== null && expect.includes(result.code)) return 'DONE';
  throw failureOf(placeOf(context), 'command-failed', argv, result);
}

/** Yes is exit code 0, no any other one. @throws FenixError `command-failed` when nothing could be asked */
async function says(context: ActionContext, argv: readonly string[]): Promise<boolean> {
  const result = await runProgram(context, argv, true);
  if (NOT_RUN.includes(result.code)) throw failureOf(placeOf(context), 'command-failed', argv, result);
  return result.code === 0;
}

function placeOf(context: ActionContext): string {
  return metadataOf(context).where === 'engine' ? 'the engine’s machine' : context.host;
}

export default {
  name: 'command',
  version: '1.0.0',
  description: 'Runs a program on the host, or on the machine of the engine',
  metadataSchema: {
    type: 'object',
    properties: {
      argv: { ...ARGV, description: 'the program and its arguments' },
      shell: { type: 'boolean', description: 'the first element of each argv is a script for /bin/sh' },
      where: { enum: ['host', 'engine'], description: 'where it runs; default: host' },
      env: ENV,
      input: { type: 'string', maxLength: 1_048_576, pattern: '^[^\\u0000]*$', description: 'standard input of argv' },
      timeout: { ...SECONDS, description: 'seconds for each program' },
      expect: {
        type: 'array',
        minItems: 1,
        items: { type: 'integer', minimum: 0, maximum: 255 },
        description: 'exit codes that are a success; default: 0',
      },
      check_argv: { ...ARGV, description: 'before anybody is told: exit code 0 if it can run here' },
      verify_argv: { ...ARGV, description: 'afterwards: exit code 0 if its work is there' },
      probe_argv: { ...ARGV, description: 'after a crash of the engine: exit code 0 if it was done' },
      undo_argv: { ...ARGV, description: 'takes it back when the session is aborted' },
    },
    required: ['argv'],
    additionalProperties: false,
  },
  run: (context) => carryOut(context, metadataOf(context).argv),
  check: async (context) => {
    const { check_argv: argv } = metadataOf(context);
    // Without a question of its own it is still asked whether programs can be run there at all.
    if (argv === undefined) await programsOf(context).run(['true'], { quiet: true });
    if (argv === undefined || (await says(context, argv))) return true;
    throw new FenixError('terminal', 'command-check', `The check ${argv[0]} says no on ${placeOf(context)}.`);
  },
  verify: async (context) => {
    const { verify_argv: argv } = metadataOf(context);
    if (argv === undefined) return true;
    // Taken back is what it says no to.
    return (await says(context, argv)) === (context.phase === 'run');
  },
  probe: async (context) => {
    const { probe_argv: argv } = metadataOf(context);
    return argv !== undefined && says(context, argv);
  },
  undo: (context) => carryOut(context, metadataOf(context).undo_argv ?? []),
  undoIf: ['undo_argv'],
} satisfies ActionPlugin;
