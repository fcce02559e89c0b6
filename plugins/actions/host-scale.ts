import { plusSeconds } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import type { ComputeService } from '../../src/workflow/cloud-port.js';
import type { ActionContext, ActionPlugin } from '../../src/workflow/contract.js';
import { computeServiceOf, OUR_REASON } from '../../src/workflow/hosts.js';
import { patiently, untilThere } from '../lib/patience.js';

interface Add {
  readonly hosts: readonly string[];
  /** Names. */
  readonly aggregates?: readonly string[];
  readonly enable?: boolean;
  /** Domain seconds until all of them must have registered. */
  readonly timeout?: number;
}

interface Retire {
  /** As Nova names them. */
  readonly hosts: readonly string[];
  /** Program that stops nova-compute for good on the host. */
  readonly stop?: readonly string[];
}

interface Metadata {
  readonly add?: Add;
  readonly retire?: Retire;
}

const TIMEOUT_S = 1800;
/** What Nova writes where `enable_new_services` is off. */
const NEW_SERVICE = 'New compute service disabled';

/** Adds hosts before all others are touched, or takes the host out of the cloud for good. Each step looks first. */
async function run(context: ActionContext): Promise<string> {
  const { add, retire } = context.metadata as Metadata;
  if (add !== undefined) {
    if (context.type !== 'pre') throw misused('add', 'pre', context);
    for (const host of add.hosts) {
      const until = plusSeconds(context.clock.now(), add.timeout ?? TIMEOUT_S);
      await patiently(context, () => addHost(context, add, host, until));
    }
  }
  if (retire !== undefined) {
    if (context.type === 'pre' || context.type === 'post') throw misused('retire', 'host or compute', context);
    if (retire.hosts.includes(context.host)) await patiently(context, () => retireHost(context, retire));
  }
  return 'DONE';
}

/** Every name must be one of Nova's: a guess might retire another host, or none. */
async function check({ cloud, metadata, output }: ActionContext): Promise<boolean> {
  const services = await cloud.services();
  const { hosts = [] } = (metadata as Metadata).retire ?? {};
  const unknown = hosts.filter((host) => computeServiceOf({ services }, host) === undefined);
  if (unknown.length > 0) output(`retire.hosts: Nova has no compute service on ${unknown.join(', ')}.\n`);
  return unknown.length === 0;
}

async function addHost(context: ActionContext, add: Add, host: string, until: Date): Promise<void> {
  const { cloud, signal } = context;
  await registered(context, host, until);
  for (const name of add.aggregates ?? []) await joinAggregate(context, name, host);
  const service = await serviceOf(context, host);
  if (service === undefined) throw lost(host);
  const enable = add.enable ?? true;
  if (!service.enabled && enable) {
    const reason = service.disabledReason ?? '';
    const isFree = reason.startsWith(NEW_SERVICE) || reason.startsWith(OUR_REASON);
    if (!isFree) {
      const sentence = `Host ${host} was disabled by somebody else (${reason === '' ? 'without a reason' : `"${reason}"`}): it is theirs to enable.`;
      throw new FenixError('terminal', 'disabled-by-others', sentence);
    }
    await cloud.enableService(service.id, signal);
  }
  context.changed({ kind: 'added', host, enabled: service.enabled || enable });
}

/** Waits until Nova has the service and its hypervisor, which it has only of a host that is mapped, and Placement its room. */
async function registered(context: ActionContext, host: string, until: Date): Promise<void> {
  const missing = async (): Promise<string | undefined> => {
    const what = await stillMissing(context.cloud, host, context.signal);
    return what === undefined ? undefined : `Host ${host} has not joined the cloud: ${what}.`;
  };
  await untilThere(context, missing, { until, code: 'host-not-registered' });
}

async function stillMissing(
  cloud: ActionContext['cloud'],
  host: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const service = computeServiceOf({ services: await cloud.services(signal) }, host);
  if (service === undefined) return 'Nova has no compute service of that name';
  if (!service.up) return 'its compute service is down';
  if ((await cloud.hypervisor(host, signal)) === undefined) {
    return 'Nova has not mapped it to a cell (nova-manage cell_v2 discover_hosts)';
  }
  const capacities = await cloud.capacities(signal);
  return capacities.some((known) => known.host === host) ? undefined : 'Placement has no inventory of it';
}

async function joinAggregate({ cloud, signal }: ActionContext, name: string, host: string): Promise<void> {
  const find = async () => (await cloud.aggregates(signal)).find((aggregate) => aggregate.name === name);
  const aggregate = await find();
  if (aggregate === undefined) {
    throw new FenixError('input', 'unknown-aggregate', `add.aggregates: Nova knows no aggregate "${name}".`);
  }
  if (aggregate.hosts.includes(host)) return;
  try {
    await cloud.addToAggregate(aggregate.id, host, signal);
  } catch (error) {
    // Somebody else was faster, or an answer got lost.
    if ((await find())?.hosts.includes(host) !== true) throw error;
  }
}

/** Nova takes a deleted service out of aggregates and Placement itself; whatever it leaves is taken out after it. */
async function retireHost(context: ActionContext, { stop }: Retire): Promise<void> {
  const { cloud, host, signal } = context;
  const service = await serviceOf(context, host);
  if (service !== undefined) {
    const { servers, allocations, migrations } = await cloud.occupants(host, signal);
    const left = [...servers, ...allocations, ...migrations];
    if (left.length > 0) {
      throw new FenixError('terminal', 'not-empty', `Host ${host} is not empty: ${[...new Set(left)].join(', ')}.`);
    }
    if (stop !== undefined) await stopCompute(context, stop);
    await unlessMissing(cloud.deleteService(service.id, signal));
  }
  for (const { id, hosts } of await cloud.aggregates(signal)) {
    if (hosts.includes(host)) await unlessMissing(cloud.removeFromAggregate(id, host, signal));
  }
  const leftover = await cloud.deleteProvider(host, signal);
  context.record({ retired: true, provider_left_over: leftover });
  context.changed({ kind: 'removed' });
}

/** One that runs on would write its provider again. */
async function stopCompute({ remote, host }: ActionContext, argv: readonly string[]): Promise<void> {
  const { code, stderr } = await remote.run(argv);
  if (code === 0) return;
  const sentence = `${argv.join(' ')} on ${host} ended with ${code ?? 'a signal'}: ${stderr.trim()}`;
  throw new FenixError('terminal', 'stop-failed', sentence);
}

async function unlessMissing(write: Promise<void>): Promise<void> {
  await write.catch((error: unknown) => {
    if (!(error instanceof FenixError) || error.kind !== 'missing') throw error;
  });
}

async function serviceOf({ cloud, signal }: ActionContext, host: string): Promise<ComputeService | undefined> {
  return computeServiceOf({ services: await cloud.services(signal) }, host);
}

function lost(host: string): FenixError {
  return new FenixError('conflict', 'host-gone', `The compute service of ${host} was deleted while it was added.`);
}

function misused(key: string, types: string, { type }: ActionContext): FenixError {
  return new FenixError('input', 'wrong-type', `"${key}" is for actions of type ${types}, not ${type}.`);
}

const NAMES = { type: 'array', minItems: 1, items: { type: 'string', minLength: 1, maxLength: 255 } };

export default {
  name: 'host-scale',
  version: '1.0.0',
  description: 'Adds hosts to the cloud (pre), or takes emptied ones out of it for good (host)',
  types: ['pre', 'host', 'compute'],
  metadataSchema: {
    type: 'object',
    properties: {
      add: {
        type: 'object',
        properties: {
          hosts: { ...NAMES, description: 'hosts that are to register, as nova-compute names itself there' },
          aggregates: { ...NAMES, description: 'names of aggregates that they join' },
          enable: { type: 'boolean', description: 'whether a new service that is disabled is enabled; default true' },
          timeout: {
            type: 'number',
            minimum: 1,
            maximum: 86_400,
            description: 'seconds to wait for each; default 1800',
          },
        },
        required: ['hosts'],
        additionalProperties: false,
      },
      retire: {
        type: 'object',
        properties: {
          hosts: { ...NAMES, description: 'hosts of the session that leave the cloud, exactly as Nova names them' },
          stop: { ...NAMES, description: 'program that stops nova-compute on the host, with its arguments' },
        },
        required: ['hosts'],
        additionalProperties: false,
      },
    },
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
  },
  timeoutS: 86_400,
  run,
  check,
  removes: (metadata, host) => (metadata as Metadata).retire?.hosts.includes(host) === true,
} satisfies ActionPlugin;
