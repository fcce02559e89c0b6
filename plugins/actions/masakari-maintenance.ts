import type { GuardedHost } from '../../src/workflow/cloud-port.js';
import type { ActionContext, ActionPlugin } from '../../src/workflow/contract.js';
import { patiently } from '../lib/patience.js';

/**
 * While a host is out, its silence is no failure: Masakari is told so (`on_maintenance`) before anything is done to it, and
 * told the end when it was given back. What somebody else had set before the session stays as it was.
 */
async function change(context: ActionContext, onMaintenance: boolean): Promise<string> {
  const { cloud, host, signal, record } = context;
  const hosts = await patiently(context, () => cloud.guardedHosts(host, signal));
  for (const guarded of hosts.filter((one) => isOurs(context, one) && one.onMaintenance !== onMaintenance)) {
    // A failure that Masakari is just handling in the segment has to end first (409).
    await patiently(context, () => cloud.setOnMaintenance(guarded, onMaintenance, signal));
  }
  record({ segments: hosts.map(({ segmentId }) => segmentId), on_maintenance: onMaintenance });
  return 'DONE';
}

function isOurs({ checked }: ActionContext, { id }: GuardedHost): boolean {
  return !(Array.isArray(checked.set_before) && checked.set_before.includes(id));
}

/** A cloud without Masakari is refused before anyone is told. */
async function check({ cloud, host, signal, record }: ActionContext): Promise<boolean> {
  const hosts = await cloud.guardedHosts(host, signal);
  record({ set_before: hosts.filter(({ onMaintenance }) => onMaintenance).map(({ id }) => id) });
  return true;
}

export default {
  name: 'masakari-maintenance',
  version: '1.0.0',
  description: 'Keeps Masakari from taking a host that is being maintained for one that has failed',
  types: ['host', 'compute'],
  metadataSchema: { type: 'object', properties: {}, additionalProperties: false },
  timeoutS: 600,
  retry: { attempts: 3, waitS: 60 },
  check,
  run: (context) => change(context, true),
  undo: (context) => change(context, false),
  release: (context) => change(context, false),
} satisfies ActionPlugin;
