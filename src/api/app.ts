import express, { type Express } from 'express';
import type { ApiDeps, AppDeps } from './deps.js';
import { healthcheck } from './handlers/healthcheck.js';
import { historyRoutes } from './handlers/history.js';
import { instanceRoutes } from './handlers/instance.js';
import { instanceGroupRoutes } from './handlers/instance-group.js';
import { maintenanceRoutes } from './handlers/maintenance.js';
import { projectRoutes } from './handlers/project.js';
import { rootVersions, v1Version } from './handlers/versions.js';
import { errorAnswer } from './middleware/error-answer.js';
import { microversion } from './middleware/microversion.js';
import { tidyPath } from './middleware/paths.js';
import { requestId } from './middleware/request-id.js';
import { requestLog } from './middleware/request-log.js';
import { methodNotAllowed, type Route, routerOf, unknownPath } from './routes.js';

/** Reserved in place of a project id (v1 §1.1), not served yet. */
const RESERVED = ['plan', 'events', 'hosts', 'report'];

/** The REST API, version 1 (fenix-v1 §1). */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.use(requestId, requestLog(deps.logger, deps.machineClock), tidyPath);
  app.get('/', rootVersions(deps.settings.publicUrl)).all('/', methodNotAllowed(['GET']));
  app.get('/v1', v1Version(deps.settings.publicUrl)).all('/v1', methodNotAllowed(['GET']));
  app.get('/healthcheck', healthcheck(deps)).all('/healthcheck', methodNotAllowed(['GET']));
  app.use('/v1', microversion, deps.authenticate, routerOf(routes(deps), deps.logger));
  app.use(unknownPath, errorAnswer(deps.logger));
  return app;
}

function routes(deps: ApiDeps): Route[] {
  const reserved = RESERVED.map((word) => ({ path: `/maintenance/:session/${word}`, methods: null }));
  return [
    ...maintenanceRoutes(deps),
    ...historyRoutes(deps),
    ...reserved,
    ...projectRoutes(deps),
    ...instanceRoutes(deps),
    ...instanceGroupRoutes(deps),
  ];
}
