import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FenixError } from '../../src/common/errors.js';
import type { ProgramResult } from '../../src/workflow/action-tools.js';
import type { ActionContext, ActionPlugin } from '../../src/workflow/contract.js';
import { localFile } from '../lib/local-files.js';
import { failureOf, wordsOf } from '../lib/programs.js';
import { ENV, SECONDS } from '../lib/schemas.js';

interface PlaybookMetadata {
  /** Below `[plugins] local_files`. */
  readonly playbook: string;
  readonly undo_playbook?: string;
  readonly inventory?: string;
  readonly extra_vars?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  readonly check_mode?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Machine seconds. */
  readonly timeout?: number;
}

const metadataOf = ({ metadata }: Pick<ActionContext, 'metadata'>) => metadata as unknown as PlaybookMetadata;

/** What a pattern of Ansible takes for itself is no host. */
const HOST = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
/** A row of the recap, as the callback `default` prints it. */
const RECAP = /^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)/gm;

const ENVIRONMENT = {
  ANSIBLE_NOCOLOR: '1',
  ANSIBLE_RETRY_FILES_ENABLED: '0',
  // The recap is read.
  ANSIBLE_STDOUT_CALLBACK: 'default',
} as const;

/** Plays it, limited to the host. @throws FenixError `playbook-failed`, `local-files`, those of Programs */
async function play(context: ActionContext, field: 'playbook' | 'undo_playbook', options: string[]): Promise<Recap> {
  const { host, local } = context;
  const { inventory, extra_vars: vars, tags = [], env = {}, timeout, ...rest } = metadataOf(context);
  if (!HOST.test(host)) {
    throw new FenixError('terminal', 'playbook-failed', `Ansible would take "${host}" for a pattern, not for a host.`);
  }
  const playbook = await localFile(context, field, rest[field] ?? '');
  const hosts = inventory === undefined ? `${host},` : await localFile(context, 'inventory', inventory);
  return withFile(vars, async (file) => {
    const argv = [
      'ansible-playbook',
      `--inventory=${hosts}`,
      `--limit=${host}`,
      ...(file === undefined ? [] : [`--extra-vars=@${file}`]),
      ...(tags.length === 0 ? [] : [`--tags=${tags.join(',')}`]),
      ...options,
      '--',
      playbook,
    ];
    const result = await local.run(argv, {
      // Where its ansible.cfg is looked for.
      directory: dirname(playbook),
      env: { ...ENVIRONMENT, ...env },
      ...(timeout !== undefined && { timeoutS: timeout }),
    });
    return recapOf(host, argv, result, options.includes('--syntax-check'));
  });
}

/** Variables may be secrets: in a file that only this user can read, since Ansible takes none from standard input. */
async function withFile<T>(content: unknown, work: (file: string | undefined) => Promise<T>): Promise<T> {
  if (content === undefined) return work(undefined);
  const folder = await mkdtemp(join(tmpdir(), 'fenix-vars-'));
  try {
    const file = join(folder, 'vars.json');
    await writeFile(file, JSON.stringify(content), { mode: 0o600 });
    return await work(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Recap {
  readonly ok: number;
  readonly changed: number;
}

function recapOf(host: string, argv: readonly string[], result: ProgramResult, silent: boolean): Recap {
  const rows = [...result.stdout.matchAll(RECAP)].map(([, name = '', ...counts]) => ({
    name,
    counts: counts.map(Number),
  }));
  for (const { name, counts } of rows) {
    const [, , unreachable = 0, failed = 0] = counts;
    const what = unreachable > 0 ? 'Ansible cannot reach' : failed > 0 ? 'A task of the playbook failed on' : undefined;
    if (what !== undefined) {
      throw new FenixError('terminal', 'playbook-failed', `${what} ${name}: ${reasonIn(result)}`);
    }
  }
  if (result.code !== 0) throw failureOf('the engine’s machine', 'playbook-failed', argv, result);
  const counts = rows.find(({ name }) => name === host)?.counts;
  if (counts !== undefined) return { ok: counts[0] ?? 0, changed: counts[1] ?? 0 };
  if (silent) return { ok: 0, changed: 0 };
  const message = `The playbook did nothing on ${host}: no play is for it, or the inventory does not have it.`;
  throw new FenixError('terminal', 'playbook-failed', message);
}

/** `fatal: [host]: FAILED! => {"msg": "…"}`, in one line or several: what the module says, else how it begins. */
function reasonIn(result: ProgramResult): string {
  const start = result.stdout.lastIndexOf('\nfatal: ');
  if (start < 0) return wordsOf(result).replace(/^: /, '');
  const words = result.stdout.slice(start).trim();
  const [, message] = /"msg": "((?:[^"\\]|\\.)*)"/.exec(words) ?? [];
  return message ?? words.replaceAll(/\s+/g, ' ').slice(0, 300);
}

async function carryOut(context: ActionContext, field: 'playbook' | 'undo_playbook'): Promise<string> {
  context.record({ ...(await play(context, field, [])) });
  return 'DONE';
}

/** Below the configured directory, and no option. */
const FILE = { type: 'string', minLength: 1, maxLength: 1024, pattern: '^[^/\\u0000-][^\\u0000]*$' } as const;

export default {
  name: 'ansible-playbook',
  version: '1.0.0',
  description: 'Plays a playbook of the machine of the engine for the host',
  metadataSchema: {
    type: 'object',
    properties: {
      playbook: { ...FILE, description: 'path below [plugins] local_files' },
      undo_playbook: { ...FILE, description: 'takes it back when the session is aborted' },
      inventory: { ...FILE, description: 'path below [plugins] local_files; absent: the host alone' },
      extra_vars: { type: 'object', description: 'variables that win over all others' },
      tags: {
        type: 'array',
        maxItems: 100,
        items: { type: 'string', maxLength: 200, pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*$' },
        description: 'plays only what has one of these tags',
      },
      check_mode: { type: 'boolean', description: 'play it in check mode before anybody is told; default: false' },
      env: ENV,
      timeout: { ...SECONDS, description: 'seconds for a play' },
    },
    required: ['playbook'],
    additionalProperties: false,
  },
  run: (context) => carryOut(context, 'playbook'),
  check: async (context) => {
    await play(context, 'playbook', [metadataOf(context).check_mode ? '--check' : '--syntax-check']);
    return true;
  },
  undo: (context) => carryOut(context, 'undo_playbook'),
  undoIf: ['undo_playbook'],
} satisfies ActionPlugin;
