import { plusSeconds } from '../../src/common/clock.js';
import type { Impact, JournalEntry, Notice, Resources, Session, SessionHost } from '../../src/model/index.js';
import { planFleet } from '../../src/planner/plan-fleet.js';
import { planHost } from '../../src/planner/plan-host.js';
import type { ComputeService, Server } from '../../src/workflow/cloud-port.js';
import { ConstraintBook } from '../../src/workflow/constraint-book.js';
import type { SessionView, WorkflowSettings, WorkflowTools } from '../../src/workflow/view.js';
import { aHost, aNotice, aSession, NOON } from './api-records.js';

/** NOON moved by seconds. */
export const at = (seconds: number): Date => plusSeconds(NOON, seconds);

export const SMALL: Resources = { vcpus: 2, memoryMb: 4096, diskGb: 20 };
export const HOST_SIZE: Resources = { vcpus: 4, memoryMb: 8192, diskGb: 40 };

export const SETTINGS: WorkflowSettings = {
  projectMaintenanceReplyS: 40,
  projectScaleInReplyS: 60,
  notifyRetries: 2,
  scaleInNoGainRounds: 3,
  coldMigrationTimeoutS: 600,
  liveMigrationWaitS: 600,
  liveMigrationTimeoutAction: 'abort',
  liveMigrationRetries: 2,
  ownActionTimeoutS: 600,
  actionPluginTimeoutS: 3600,
  busyTimeoutS: 1800,
  blockedTimeoutS: 3600,
  maxParallelHosts: 10,
  maxParallelControllers: 1,
  expectedMoveS: 60,
  expectedActionS: 600,
  defaultMaxImpacted: 1,
  defaultRecoveryTimeS: 0,
  askTimeoutS: 86_400,
  maxDeferS: 600,
  policy: {},
};

export function aServer(id: string, host: string | null, overrides: Partial<Server> = {}): Server {
  return {
    id,
    name: id,
    projectId: 'tenant',
    host,
    status: 'ACTIVE',
    vmState: 'active',
    taskState: null,
    zone: 'nova',
    flavorName: 'm1.small',
    resources: SMALL,
    locked: false,
    hasFloatingIp: false,
    ...overrides,
  };
}

export function aService(host: string, overrides: Partial<ComputeService> = {}): ComputeService {
  const id = `${overrides.binary ?? 'nova-compute'}@${host}`;
  const state = { enabled: true, disabledReason: null, up: true };
  return { id, binary: 'nova-compute', host, zone: 'nova', ...state, ...overrides };
}

export function anImpact(overrides: Partial<Impact> = {}): Impact {
  return {
    ...SMALL,
    sessionId: 'session',
    instanceId: 'i1',
    attempt: 1,
    projectId: 'tenant',
    groupId: 'group',
    action: 'MIGRATE',
    sourceHost: 'c1',
    targetHost: 'c2',
    startedAt: NOON,
    endedAt: null,
    recoveredAt: null,
    ...overrides,
  };
}

export function anEffect(overrides: Partial<JournalEntry>): JournalEntry {
  return {
    sessionId: 'session',
    kind: 'move',
    subject: 'i1',
    host: 'c1',
    action: 'move',
    attempt: 1,
    state: 'begun',
    intent: {},
    outcome: null,
    timeoutS: 60,
    runs: 1,
    begunAt: NOON,
    endedAt: null,
    ageS: 0,
    ...overrides,
  };
}

interface ViewParts {
  readonly now?: Date;
  readonly session?: Partial<Session>;
  readonly settings?: Partial<WorkflowSettings>;
  readonly hosts?: readonly Partial<SessionHost>[];
  readonly notices?: readonly Partial<Notice>[];
  readonly services?: readonly ComputeService[];
  readonly servers?: readonly Server[];
  /** Compute hosts and their size; by default {@link HOST_SIZE} for every compute service. */
  readonly capacities?: Readonly<Record<string, Resources>>;
  readonly rest?: Partial<SessionView>;
}

/** What a handler sees: a session on hosts c1, c2, c3 at noon, overridden where a test says so. */
export function aView(parts: ViewParts = {}): SessionView {
  const services = parts.services ?? ['c1', 'c2', 'c3'].map((host) => aService(host));
  const computes = services.filter(({ binary }) => binary === 'nova-compute').map(({ host }) => host);
  const sizes = parts.capacities ?? Object.fromEntries(computes.map((host) => [host, HOST_SIZE]));
  const now = parts.now ?? NOON;
  const sessionId = 'session';
  return {
    now,
    session: aSession({ sessionId, ...parts.session }),
    settings: { ...SETTINGS, ...parts.settings },
    hosts: (parts.hosts ?? []).map((host) => aHost({ sessionId, ...host })),
    notices: (parts.notices ?? []).map((notice, index) => aNotice({ sessionId, noticeId: index + 1, ...notice })),
    effects: [],
    retiring: new Set(),
    constraints: new ConstraintBook([], [], () => undefined),
    plans: new Map(),
    facts: [],
    impacts: [],
    placeholders: [],
    undelivered: false,
    cloud: {
      at: now,
      services,
      servers: parts.servers ?? [],
      capacities: Object.entries(sizes).map(([host, capacity]) => ({ host, capacity })),
    },
    ...parts.rest,
  };
}

/** Tools of a workflow on a cloud where every project has a manager, but for those named. */
export function tools(...withoutManager: string[]): WorkflowTools {
  return {
    planHost: async (snapshot) => planHost(snapshot),
    planFleet: async (snapshot) => planFleet(snapshot),
    durations: async () => ({ moves: new Map(), answers: new Map() }),
    aggregates: async () => [],
    ironicHosts: async () => [],
    hasCheck: () => false,
    removes: () => false,
    projectsWithManager: async (ids) => new Set(ids.filter((id) => !withoutManager.includes(id))),
  };
}
