import { appendFileSync, readFileSync } from 'node:fs';
import type { ActionContext, ActionPlugin } from '../../../../../src/workflow/contract.js';

interface Metadata {
  /** A file that stands for what is installed on hosts: a line for each change. */
  readonly log: string;
  /** It says that it failed, having done its work. */
  readonly fails?: boolean;
}

const logOf = ({ metadata }: ActionContext): string => (metadata as unknown as Metadata).log;

function isInstalled(context: ActionContext): boolean {
  const changes = readFileSync(logOf(context), 'utf8').split('\n');
  return (
    changes.findLast((line) => line.endsWith(` ${context.host} ${context.name}`))?.startsWith('installed') === true
  );
}

function change(context: ActionContext, what: 'installed' | 'removed'): void {
  appendFileSync(logOf(context), `${what} ${context.host} ${context.name}\n`);
}

/** Installs something, and removes it again where it is there. */
export default {
  name: 'installing',
  version: '1.0.0',
  run: async (context) => {
    const { fails = false } = context.metadata as unknown as Metadata;
    // What fails can have no probe that says yes: it bears being run again instead.
    if (!fails || !isInstalled(context)) change(context, 'installed');
    return fails ? 'FAILED' : 'DONE';
  },
  probe: async (context) => isInstalled(context) && !(context.metadata as unknown as Metadata).fails,
  verify: async (context) => isInstalled(context) === (context.phase === 'run'),
  undo: async (context) => {
    if (isInstalled(context)) change(context, 'removed');
    return 'DONE';
  },
} satisfies ActionPlugin;
