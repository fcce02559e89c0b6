import { ALARM_TYPES } from './alarms/store.js';
import { FAULTS_SCHEMA } from './faults/schema.js';
import { ASKED_STATES, DIALECTS } from './managers/options.js';

/** JSON schema of a topology file; docs/simulator.md explains it. */
const name = { type: 'string', minLength: 1, maxLength: 255 } as const;
const count = { type: 'integer', minimum: 0 } as const;
const seconds = { type: 'number', minimum: 0 } as const;
const id = { type: 'string', pattern: '^[0-9a-f]{32}$' } as const;
const uuid = { type: 'string', pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' } as const;
const size = { vcpus: count, memoryMb: count, diskGb: count } as const;
const SIZE_KEYS = ['vcpus', 'memoryMb', 'diskGb'] as const;

function strict(properties: object, required: readonly string[]): object {
  return { type: 'object', additionalProperties: false, properties, required };
}

const host = strict(
  {
    name,
    zone: name,
    ...size,
    enabled: { type: 'boolean' },
    disabledReason: { type: 'string', maxLength: 255 },
    up: { type: 'boolean' },
    downAfter: seconds,
    upAfter: seconds,
    hypervisorType: name,
    controller: { type: 'boolean' },
    leavesProvider: { type: 'boolean' },
  },
  ['name', ...SIZE_KEYS],
);

const group = strict(
  {
    name,
    id: uuid,
    policy: { enum: ['anti-affinity', 'affinity', 'soft-anti-affinity', 'soft-affinity'] },
    maxOutOfService: count,
    maxImpacted: count,
    recoveryTime: seconds,
  },
  ['name'],
);

const instance = strict(
  {
    name,
    id: uuid,
    flavor: name,
    host: name,
    group: name,
    zone: name,
    floatingIp: { type: 'boolean' },
    locked: { type: 'boolean' },
    state: { enum: ['ACTIVE', 'SHUTOFF', 'PAUSED', 'SUSPENDED', 'ERROR', 'SOFT_DELETED'] },
    resizedFrom: name,
    confirmAfter: seconds,
    networks: { type: 'integer', minimum: 0, maximum: 100 },
    addresses: { type: 'integer', minimum: 1, maximum: 100 },
  },
  ['name', 'flavor', 'host'],
);

const manager = strict(
  {
    dialect: { enum: DIALECTS },
    answerAfter: seconds,
    action: { enum: ['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'] },
    scaleInBy: count,
    needed: count,
    constraints: { type: 'boolean' },
    eventType: name,
    mitigation: { type: 'boolean' },
    notifyStates: { type: 'array', items: name },
    inState: { enum: ASKED_STATES },
    patienceS: seconds,
    deferSeconds: { type: 'integer', minimum: 1 },
  },
  [],
);

const timings = strict(
  {
    boot: seconds,
    coldMigration: seconds,
    liveMigration: seconds,
    liveMigrationEnd: seconds,
    confirmResize: seconds,
    revertResize: seconds,
    deletion: seconds,
    power: seconds,
    scheduling: seconds,
    snapshot: seconds,
    evacuation: seconds,
    allocationLag: seconds,
    disabledTraitLag: seconds,
  },
  [],
);

const aggregate = strict({ name, hosts: { type: 'array', items: name }, metadata: { type: 'object' } }, [
  'name',
  'hosts',
]);

const alarm = strict(
  {
    name,
    project: name,
    type: { enum: ALARM_TYPES },
    eventType: name,
    enabled: { type: 'boolean' },
    actions: { type: 'array', items: { type: 'string' } },
  },
  ['name', 'project', 'type'],
);

const churn = strict(
  {
    perHour: seconds,
    lifetime: seconds,
    projects: { type: 'array', items: name },
    flavor: name,
    seed: count,
  },
  ['perHour'],
);

export const TOPOLOGY_SCHEMA = strict(
  {
    seed: { type: 'integer', minimum: 0 },
    timings,
    flavors: { type: 'array', minItems: 1, items: strict({ name, ...size }, ['name', ...SIZE_KEYS]) },
    hosts: { type: 'array', items: host },
    controllers: { type: 'array', items: name },
    projects: {
      type: 'array',
      items: strict(
        {
          name,
          id,
          groups: { type: 'array', items: group },
          instances: { type: 'array', items: instance },
          manager: { anyOf: [{ enum: DIALECTS }, manager] },
        },
        ['name'],
      ),
    },
    aggregates: { type: 'array', items: aggregate },
    alarms: { type: 'array', items: alarm },
    segments: {
      type: 'array',
      items: strict({ name, hosts: { type: 'array', items: name } }, ['name', 'hosts']),
    },
    churn,
    faults: FAULTS_SCHEMA,
  },
  ['flavors', 'hosts', 'projects'],
);
