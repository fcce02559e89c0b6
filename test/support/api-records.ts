import { randomUUID } from 'node:crypto';
import type { Database } from '../../src/db/database.js';
import type {
  EngineRecord,
  Notice,
  Session,
  SessionHost,
  SessionInstance,
  SessionProject,
} from '../../src/model/index.js';

export const NOON = new Date('2026-01-01T12:00:00Z');

/** A session as the API makes them, with overrides. */
export function aSession(overrides: Partial<Session> = {}): Session {
  return {
    sessionId: randomUUID(),
    state: 'MAINTENANCE',
    stateSince: NOON,
    prevState: null,
    failedIn: null,
    workflow: 'default',
    maintenanceAt: NOON,
    hosts: [],
    metadata: {},
    actions: [],
    scope: {},
    limits: {},
    policy: {},
    pausedAt: null,
    aborting: null,
    pendingHosts: [],
    reason: null,
    waiting: null,
    percentDone: 0,
    projectId: 'admin-project',
    userId: 'admin-user',
    requestId: 'req-1',
    plugins: [],
    downloads: null,
    owner: null,
    epoch: 0,
    seq: 0,
    createdAt: NOON,
    updatedAt: NOON,
    ...overrides,
  };
}

export function aHost(overrides: Partial<SessionHost> & Pick<SessionHost, 'sessionId'>): SessionHost {
  return {
    hostname: 'compute-1',
    type: 'compute',
    isCompute: true,
    state: 'waiting',
    maintained: false,
    disabled: false,
    disabledBefore: false,
    blocked: null,
    excluded: null,
    scaled: null,
    lost: null,
    question: null,
    ...overrides,
  };
}

export function aProject(overrides: Partial<SessionProject> & Pick<SessionProject, 'sessionId'>): SessionProject {
  return {
    projectId: 'tenant',
    state: 'MAINTENANCE',
    scaledIn: false,
    notifiedAt: null,
    replyAt: null,
    replies: 0,
    rounds: 0,
    ...overrides,
  };
}

export function anInstance(overrides: Partial<SessionInstance> & Pick<SessionInstance, 'sessionId'>): SessionInstance {
  return {
    instanceId: randomUUID(),
    instanceName: 'server',
    projectId: 'tenant',
    groupId: 'group',
    host: 'compute-1',
    state: 'ACTIVE',
    projectState: null,
    action: null,
    actionDone: false,
    blocked: null,
    ...overrides,
  };
}

export function aNotice(overrides: Partial<Notice> & Pick<Notice, 'sessionId'>): Notice {
  return {
    noticeId: 1,
    projectId: 'tenant',
    instanceId: null,
    host: null,
    state: 'MAINTENANCE',
    allowedActions: [],
    instanceIds: [],
    actionsAt: NOON,
    replyAt: NOON,
    repeats: 0,
    deferredS: 0,
    openedAt: NOON,
    closedAt: null,
    outcome: null,
    actions: {},
    question: null,
    planned: null,
    ...overrides,
  };
}

/** As it registers itself. */
export function anEngine(engineId: string): Pick<EngineRecord, 'engineId' | 'host' | 'version' | 'plugins'> {
  return { engineId, host: 'h', version: '1', plugins: [] };
}

/** As if the engine had not renewed it in time. */
export async function endLease(database: Database, engineId: string, secondsAgo = 1): Promise<void> {
  await database
    .knex('engines')
    .where({ engine_id: engineId })
    .update({ lease_until: database.nowPlus(-secondsAgo) });
}
