import type { DependencyContainer } from 'tsyringe';
import { continueSession } from '../../api/handlers/continue-session.js';
import { createSession } from '../../api/handlers/create-session.js';
import { deleteSession } from '../../api/handlers/delete-session.js';
import { listIds } from '../../api/handlers/list-sessions.js';
import { showSession } from '../../api/handlers/maintenance.js';
import { listInstances } from '../../api/handlers/project.js';
import { takeReply } from '../../api/handlers/reply.js';
import { parseJson } from '../../api/middleware/json-body.js';
import type { ApiRequest } from '../../api/request.js';
import type { RequestContext } from '../../common/context.js';
import { Logger } from '../../common/logger.js';
import { stringifyJson } from '../../messaging/json.js';
import type { LegacyHandlers } from '../../rpc/legacy-engine.js';
import { handlerDeps } from './api.js';

/** Whom history names when a request says nothing of who asked. */
const NOBODY = 'legacy-rpc';
const ID = /^[\x21-\x7e]{1,64}$/;

/** The API's own handlers, behind the methods of the Python releases: same checks, same rows (L1, L2), no policy. */
export function legacyRpc(container: DependencyContainer): LegacyHandlers {
  const deps = handlerDeps(container);
  const [show, instances, reply] = [showSession(deps), listInstances(deps), takeReply(deps)];
  const log = container.resolve<Logger>(Logger);
  const asked = (context: RequestContext, params: Params = {}, data?: unknown) =>
    apiRequest(log, context, params, data);
  return {
    list: () => listIds(deps),
    create: async (data, context) => createSession(deps, asked(context, {}, data)),
    show: async (session, context) => show(asked(context, { session_id: session })),
    remove: async (session, context) => deleteSession(deps, asked(context, { session_id: session })),
    resume: async (session, context) => continueSession(deps, asked(context, { session_id: session }, {})),
    listInstances: async (session, project, context) =>
      instances(asked(context, { session_id: session, project_id: project })),
    reply: async (session, project, data, context) =>
      reply(asked(context, { session_id: session, project_id: project }, data)),
  };
}

interface Params {
  readonly session_id?: string;
  readonly project_id?: string;
}

/** What only requests over HTTP have. */
const NO_HTTP = { credentials: {}, minor: 0, line: '', rawBody: Buffer.alloc(0), tokenEndsAt: new Date(8.64e15) };

/** The request that a client of the REST API would have made, as an admin. */
function apiRequest(logger: Logger, context: RequestContext, params: Params, data: unknown): ApiRequest {
  const { requestId: asked, userId = NOBODY, projectId = null } = context;
  const requestId = ID.test(asked) ? asked : NOBODY;
  const caller = {
    userId: ID.test(userId) ? userId : NOBODY,
    projectId: projectId !== null && ID.test(projectId) ? projectId : null,
    isAdmin: true,
  };
  const known = new Map(Object.entries(params));
  return {
    caller,
    context: { ...context, requestId },
    log: logger.child({ request_id: requestId }),
    param: (name) => known.get(name) ?? '',
    query: () => undefined,
    header: () => undefined,
    ...NO_HTTP,
    // Once around by text: then it is checked as a body is, and long integers are what they are there.
    body: () => parseJson(Buffer.from(stringifyJson(data ?? null))),
  };
}
