import express, { type Express } from 'express';
import type { ApiDeps, AppDeps } from './deps.js';
import { catalogEndpoints } from './handlers/catalog.js';
import { healthcheck } from './handlers/healthcheck.js';
import { historyEndpoints } from './handlers/history.js';
import { instanceEndpoints } from './handlers/instance.js';
import { instanceGroupEndpoints } from './handlers/instance-group.js';
import { maintenanceEndpoints } from './handlers/maintenance.js';
import { projectEndpoints } from './handlers/project.js';
import { openApi, rootVersions, v1Version } from './handlers/versions.js';
import { type MessageClasses, ownMessages } from './messages.js';
import { crossOrigin } from './middleware/cross-origin.js';
import { errorAnswer } from './middleware/error-answer.js';
import { inOne } from './middleware/in-one.js';
import { microversion } from './middleware/microversion.js';
import { tidyPath } from './middleware/paths.js';
import { requestId } from './middleware/request-id.js';
import { requestLog } from './middleware/request-log.js';
import { RateLimits } from './rate-limits.js';
import { type Endpoint, methodNotAllowed, type RouterParts, routerOf, unknownPath } from './routes.js';

/** Reserved in place of a project id (v1 §1.1), not served yet. */
const RESERVED = ['plan', 'hosts', 'report'].map((word) => `/maintenance/{session_id}/${word}`);

/** For a server that makes its requests and responses of these classes. */
export type App = Express & { readonly messages: MessageClasses };

/** The REST API, version 1 (fenix-v1 §1). */
export function createApp(deps: AppDeps): App {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', 'strong');
  app.enable('case sensitive routing');
  // The address that the nearest proxy wrote: what stands before it anybody may have written.
  app.set('trust proxy', deps.settings.behindProxy ? 1 : false);
  app.use(inOne(requestId, requestLog(deps.logger, deps.machineClock), tidyPath, crossOrigin(deps.settings.cors)));
  app.get('/', rootVersions(deps.settings.publicUrl)).all('/', methodNotAllowed(['GET']));
  app.get('/v1', v1Version(deps.settings.publicUrl)).all('/v1', methodNotAllowed(['GET']));
  app.get('/v1/openapi.json', openApi(deps.settings.publicUrl)).all('/v1/openapi.json', methodNotAllowed(['GET']));
  app.get('/healthcheck', healthcheck(deps)).all('/healthcheck', methodNotAllowed(['GET']));
  app.use('/v1', inOne(microversion, deps.authenticate), routerOf(allEndpoints(deps), RESERVED, routerParts(deps)));
  app.use(unknownPath, errorAnswer(deps.logger));
  return Object.assign(app, { messages: ownMessages(app) });
}

function routerParts({ logger, policy, settings: { maxBodyBytes, rateLimits } }: AppDeps): RouterParts {
  return { logger, policy, maxBodyBytes, limits: new RateLimits(rateLimits) };
}

function allEndpoints(deps: ApiDeps): Endpoint[] {
  return [
    ...maintenanceEndpoints(deps),
    ...historyEndpoints(deps),
    ...catalogEndpoints(deps),
    ...projectEndpoints(deps),
    ...instanceEndpoints(deps),
    ...instanceGroupEndpoints(deps),
  ];
}
