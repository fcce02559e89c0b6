import type { ApiDeps } from '../deps.js';
import { notFound } from '../errors.js';
import type { ApiRequest } from '../request.js';
import type { Handler } from '../routes.js';
import { parseReply } from '../schemas/reply.js';
import { areAddressees, type ReplyTo } from './addressees.js';
import { deferralView } from './deferral.js';
import { ReplyStore, wordOf } from './reply-store.js';
import { projectIdOf, sessionIdOf, UNKNOWN_INSTANCE, UNKNOWN_PROJECT, UNKNOWN_SESSION } from './session-id.js';

/**
 * PUT /v1/maintenance/{sid}/{project_id}[/{instance_id}]: stored for the session's owner if a notice awaits it; what
 * is repeated, late or premature is answered alike, 200 and echoed, without effect (v1 §1.3 f).
 */
export function takeReply(deps: ApiDeps): Handler {
  const store = new ReplyStore(deps);
  return async (request) => {
    const to = toOf(request);
    const { body, reply } = await parsed(deps, request, to);
    const taken = await store.take({ to, reply, from: request });
    if (taken === undefined) throw await unknown(deps, to);
    const { isStored, deferral } = taken;
    const fields = { session_id: to.sessionId, instance_id: to.instanceId, state: wordOf(reply) };
    request.log.debug(fields, isStored ? 'reply taken' : 'reply without effect: no notice awaits it');
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

/** @throws Refusal 400 for an ill-formed body; 404 if it is for nobody, which goes before */
async function parsed(deps: ApiDeps, request: ApiRequest, to: ReplyTo) {
  try {
    const body = request.body();
    return { body, reply: parseReply(body) };
  } catch (refusal) {
    const { repositories } = deps;
    const [isAddressee] = await areAddressees(repositories, [to], repositories.database.knex);
    throw isAddressee ? refusal : await unknown(deps, to);
  }
}

async function unknown({ repositories }: ApiDeps, { sessionId, instanceId }: ReplyTo): Promise<Error> {
  if (!(await repositories.sessions.isKnown(sessionId))) return notFound(UNKNOWN_SESSION);
  return notFound(instanceId === null ? UNKNOWN_PROJECT : UNKNOWN_INSTANCE);
}
