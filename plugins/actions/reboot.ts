import type { ActionContext, ActionPlugin } from '../../src/workflow/contract.js';
import { isApt } from '../lib/packages/manager-of.js';
import { insisting } from '../lib/programs.js';
import { bootIdOf, isBegun, isOver, isRebooted, REBOOT_OPTIONS, type RebootOptions, reboot } from '../lib/reboot.js';
import { neededByApt, neededByDnf, REBOOT_REQUIRED, REBOOT_REQUIRED_PATH } from '../lib/reboot-needed.js';

interface RebootMetadata extends RebootOptions {
  readonly only_if_needed?: boolean;
  readonly reboot_required_path?: string;
}

const metadataOf = ({ metadata }: ActionContext) => metadata as RebootMetadata;

async function isNeeded(context: ActionContext): Promise<boolean> {
  const { only_if_needed: onlyIfNeeded = false, reboot_required_path: path = REBOOT_REQUIRED } = metadataOf(context);
  if (!onlyIfNeeded) return true;
  const programs = insisting(context, context.remote);
  return (await isApt(programs)) ? neededByApt(programs, path) : neededByDnf(programs, context.host);
}

export default {
  name: 'reboot',
  version: '1.0.0',
  description: 'Reboots the host, and waits for it and its compute service',
  types: ['host', 'compute', 'controller', 'other'],
  metadataSchema: {
    type: 'object',
    properties: {
      ...REBOOT_OPTIONS,
      only_if_needed: { type: 'boolean', description: 'only if the host says that it needs one; default: false' },
      reboot_required_path: REBOOT_REQUIRED_PATH,
    },
    additionalProperties: false,
  },
  run: async (context) => {
    const rebooting = isBegun(context) || isRebooted(context) || (await isNeeded(context));
    if (rebooting) await reboot(context, metadataOf(context));
    context.record({ rebooted: rebooting });
    return 'DONE';
  },
  check: async (context) => {
    await bootIdOf(context, metadataOf(context));
    if (metadataOf(context).only_if_needed) await isNeeded(context);
    return true;
  },
  probe: (context) => isOver(context, metadataOf(context)),
} satisfies ActionPlugin;
