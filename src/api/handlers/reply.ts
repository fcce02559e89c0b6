import { Together } from '../../common/together.js';
import type { ApiDeps } from '../deps.js';
import { notFound } from '../errors.js';
import type { ApiRequest } from '../request.js';
import type { Handler } from '../routes.js';
import { parseReply } from '../schemas/reply.js';
import { deferralView } from './deferral.js';
import { nameOf } from './part-view.js';
import { ReplyStore, type ReplyTo, wordOf } from './reply-store.js';
import { projectIdOf, sessionIdOf, UNKNOWN_INSTANCE, UNKNOWN_PROJECT, UNKNOWN_SESSION } from './session-id.js';

/**
 * PUT /v1/maintenance/{sid}/{project_id}[/{instance_id}]: stored for the session's owner if a notice awaits it; what
 * is repeated, late or premature is answered alike, 200 and echoed, without effect (v1 §1.3 f).
 */
export function takeReply(deps: ApiDeps): Handler {
  const parts = new Together((all: readonly ReplyTo[]) => haveParts(deps, all));
  const owners = new Together((all: readonly ReplyTo[]) => areOwners(deps, all));
  const store = new ReplyStore(deps);
  return async (request) => {
    const to = toOf(request);
    const isAddressee = await (to.instanceId === null ? parts : owners).of(to);
    if (!isAddressee) throw await unknown(deps, to);
    const body = request.body();
    const reply = parseReply(body);
    const { isStored, deferral } = await store.take({ to, reply, from: request });
    const fields = { session_id: to.sessionId, instance_id: to.instanceId, state: wordOf(reply) };
    request.log.debug(fields, isStored ? 'reply taken' : 'reply without effect: no notice awaits it');
    if (isStored) void deps.engines.wake(to.sessionId, request.context).catch(() => {});
    return deferral === undefined ? body : { ...Object(body), ...deferralView(deferral) };
  };
}

/** @throws Refusal 404 for ids that cannot be any */
function toOf(request: ApiRequest): ReplyTo {
  return {
    sessionId: sessionIdOf(request),
    projectId: projectIdOf(request),
    instanceId: request.param('instance_id') || null,
  };
}

/** Of deleted sessions, too: their projects' replies still find them. */
async function haveParts({ repositories }: ApiDeps, all: readonly ReplyTo[]): Promise<boolean[]> {
  const told = new Set((await repositories.projects.known(all)).map(nameOf));
  const others = all.filter((to) => !told.has(nameOf(to)));
  const having = others.length === 0 ? [] : await repositories.instances.partsWithAny(others);
  const parts = new Set([...told, ...having.map(nameOf)]);
  return all.map((to) => parts.has(nameOf(to)));
}

async function areOwners({ repositories }: ApiDeps, all: readonly ReplyTo[]): Promise<boolean[]> {
  const keys = all.map(({ sessionId, instanceId }) => ({ sessionId, instanceId: instanceId ?? '' }));
  const found = await repositories.instances.owners(keys);
  const owned = new Set(found.map((owner) => `${nameOf(owner)} ${owner.instanceId}`));
  return all.map((to) => owned.has(`${nameOf(to)} ${to.instanceId}`));
}

async function unknown({ repositories }: ApiDeps, { sessionId, instanceId }: ReplyTo): Promise<Error> {
  if (!(await repositories.sessions.isKnown(sessionId))) return notFound(UNKNOWN_SESSION);
  return notFound(instanceId === null ? UNKNOWN_PROJECT : UNKNOWN_INSTANCE);
}
