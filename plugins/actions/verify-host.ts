import { plusSeconds } from '../../src/common/clock.js';
import type { Hypervisor } from '../../src/workflow/cloud-port.js';
import type { ActionContext, ActionPlugin } from '../../src/workflow/contract.js';
import { computeServiceOf } from '../../src/workflow/hosts.js';
import { patiently, untilThere } from '../lib/patience.js';
import { removeTestServer, type TestInstance, tryInstance } from '../lib/test-instance.js';

interface Metadata {
  /** The least that the hypervisor must have. */
  readonly vcpus?: number;
  readonly memory_mb?: number;
  readonly disk_gb?: number;
  /** Also no less than before the maintenance; default true. */
  readonly as_before?: boolean;
  /** Domain seconds for the host to be back. */
  readonly timeout?: number;
  readonly instance?: TestInstance;
}

const TIMEOUT_S = 600;
/** What the three are called in metadata and facts. */
const KEYS = { vcpus: 'vcpus', memoryMb: 'memory_mb', diskGb: 'disk_gb' } as const;
type Key = keyof typeof KEYS;

/** What the host has, noted before anything begins. */
async function check({ cloud, host, signal, record }: ActionContext): Promise<boolean> {
  const hypervisor = await cloud.hypervisor(host, signal);
  if (hypervisor !== undefined) record(factsOf(hypervisor));
  return true;
}

/** Waits until the host is as it should be, then tries an instance there if one is named. */
async function run(context: ActionContext): Promise<string> {
  const { clock, host } = context;
  const { timeout = TIMEOUT_S, instance } = context.metadata as Metadata;
  const missing = async (): Promise<string | undefined> => {
    const what = await patiently(context, () => stillWrong(context));
    return what === undefined ? undefined : `Host ${host} is not as it should be: ${what}.`;
  };
  await untilThere(context, missing, { until: plusSeconds(clock.now(), timeout), code: 'host-not-verified' });
  if (instance !== undefined) await tryInstance(context, instance);
  return 'DONE';
}

async function stillWrong({
  cloud,
  host,
  signal,
  metadata,
  checked,
  record,
}: ActionContext): Promise<string | undefined> {
  const service = computeServiceOf({ services: await cloud.services(signal) }, host);
  if (service === undefined) return 'Nova has no compute service of it';
  if (!service.up) return 'its compute service is down';
  const hypervisor = await cloud.hypervisor(host, signal);
  if (hypervisor === undefined) return 'Nova has no hypervisor of it';
  if (!hypervisor.up) return 'its hypervisor is down';
  record(factsOf(hypervisor));
  const less = (Object.keys(KEYS) as Key[]).flatMap((key) => {
    const wanted = wantedOf(metadata, checked, key);
    const has = hypervisor.resources[key];
    return has < wanted ? [`it has ${KEYS[key]} ${has}, and ${wanted} are wanted`] : [];
  });
  if (less.length > 0) return less.join('; ');
  const known = (await cloud.capacities(signal)).some((capacity) => capacity.host === host);
  return known ? undefined : 'Placement has no inventory of it';
}

function wantedOf(metadata: Metadata, before: Readonly<Record<string, unknown>>, key: Key): number {
  const had = metadata.as_before === false ? 0 : Number(before[KEYS[key]] ?? 0);
  return Math.max(had, metadata[KEYS[key]] ?? 0);
}

function factsOf({ type, resources }: Hypervisor): Record<string, unknown> {
  const { vcpus, memoryMb, diskGb } = resources;
  return { hypervisor: type, vcpus, memory_mb: memoryMb, disk_gb: diskGb };
}

/** A test instance is all that it may have left. */
async function undo(context: ActionContext): Promise<string> {
  await removeTestServer(context);
  return 'DONE';
}

const AMOUNT = { type: 'integer', minimum: 0 };
const ID = { type: 'string', minLength: 1, maxLength: 64 };

export default {
  name: 'verify-host',
  version: '1.0.0',
  description: 'Makes sure that a host is up and has what it should have, by an instance of its own if wanted',
  types: ['compute'],
  metadataSchema: {
    type: 'object',
    properties: {
      vcpus: { ...AMOUNT, description: 'the least that its hypervisor must have' },
      memory_mb: { ...AMOUNT, description: 'likewise, MiB' },
      disk_gb: { ...AMOUNT, description: 'likewise, GiB' },
      as_before: { type: 'boolean', description: 'also no less than before the session touched it; default true' },
      timeout: { type: 'number', minimum: 1, maximum: 3600, description: 'seconds for the host to be so; default 600' },
      instance: {
        type: 'object',
        properties: {
          image: { ...ID, description: 'id' },
          flavor: { ...ID, description: 'id' },
          network: { ...ID, description: 'id; absent = an instance without network' },
          timeout: { type: 'number', minimum: 1, maximum: 3600, description: 'seconds until it runs; default 300' },
        },
        required: ['image', 'flavor'],
        additionalProperties: false,
      },
    },
    additionalProperties: false,
  },
  timeoutS: 4 * 3600,
  check,
  run,
  undo,
} satisfies ActionPlugin;
