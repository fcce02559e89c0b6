import { randomUUID } from 'node:crypto';
import { FenixError } from '../../common/errors.js';
import type { Tx } from '../../db/database.js';
import type { Session } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { Refusal } from '../errors.js';
import { once, type Remember } from '../idempotency.js';
import { PluginCatalog } from '../plugins.js';
import type { ApiRequest } from '../request.js';
import { metadataWarnings } from '../schemas/metadata.js';
import { claimHosts } from './claim-hosts.js';
import { originOf } from './origin.js';
import { type AskedFor, parseSessionRequest } from './session-request.js';

/** Whoever decides about the number of sessions moves this guard. */
const GUARD = 'sessions';
const DECISIONS = 50;

/**
 * POST /v1/maintenance: the session's row, its claims on given hosts and its first line of history are one
 * transaction (L1); whatever the cloud has to say comes in the session's first state.
 */
export function createSession(deps: ApiDeps, request: ApiRequest): Promise<Created> {
  return once(deps, request, (remember) => create(deps, request, remember));
}

interface Created {
  readonly session_id: string;
}

async function create(deps: ApiDeps, request: ApiRequest, remember: Remember): Promise<Created> {
  const wanted = parseSessionRequest(request.body(), deps.settings.downloads);
  const catalog = new PluginCatalog(await deps.repositories.engines.plugins(deps.settings.engineAliveS));
  const session = newSession(deps, request, wanted, catalog);
  const { sessionId } = session;
  const answer = { session_id: sessionId };
  await store(deps, session, async (tx) => {
    await tell(deps, request, session, tx);
    await remember(answer, tx);
  });
  for (const warning of metadataWarnings(session.metadata)) {
    request.log.warn({ session_id: sessionId, warning }, 'managers may misread the metadata');
  }
  request.log.info({ session_id: sessionId, workflow: session.workflow, hosts: session.hosts }, 'session created');
  void deps.engines.wake(sessionId, request.context).catch(() => {});
  return answer;
}

function newSession(
  deps: ApiDeps,
  request: ApiRequest,
  { bringsPlugins, ...wanted }: AskedFor,
  catalog: PluginCatalog,
): Session {
  const now = deps.clock.now();
  return {
    ...wanted,
    sessionId: randomUUID(),
    state: 'MAINTENANCE',
    stateSince: now,
    prevState: null,
    failedIn: null,
    pausedAt: null,
    aborting: null,
    pendingHosts: [],
    reason: null,
    waiting: null,
    percentDone: 0,
    projectId: request.caller.projectId ?? '',
    userId: request.caller.userId,
    requestId: request.context.requestId,
    plugins: catalog.pins(wanted.workflow, wanted.actions, bringsPlugins),
    owner: null,
    epoch: 0,
    seq: 0,
    createdAt: now,
    updatedAt: now,
  };
}

/** Again from the start when somebody else created a session meanwhile: then there may be no place left. */
async function store(deps: ApiDeps, session: Session, along: (tx: Tx) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await deps.repositories.database.transaction(async (tx) => {
        await insert(deps, session, tx);
        await along(tx);
      });
      return;
    } catch (error) {
      const isRace = error instanceof FenixError && error.code === 'guard-moved';
      if (!isRace || attempt >= DECISIONS) throw error;
    }
  }
}

async function insert({ repositories, settings }: ApiDeps, session: Session, tx: Tx): Promise<void> {
  const { sessions, guards } = repositories;
  if (settings.maxSessions > 0) {
    const seen = await guards.read([GUARD], tx);
    if ((await sessions.countUnfinished(tx)) >= settings.maxSessions) {
      throw new Refusal(509, 'too-many-sessions', 'Too many sessions');
    }
    await guards.move(seen, tx);
  }
  await claimHosts(repositories, session.sessionId, session.hosts, tx);
  await sessions.create(session, tx);
}

async function tell(deps: ApiDeps, { context }: ApiRequest, session: Session, tx: Tx): Promise<void> {
  const { sessionId, createdAt, userId, workflow } = session;
  const details = { workflow, hosts: session.hosts, ...originOf(context) };
  await deps.repositories.history.append(
    [{ sessionId, seq: null, at: createdAt, who: userId, what: 'session-created', details }],
    tx,
  );
}
