import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { newRequestId } from '../../common/context.js';
import { messageOf } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import type { AlarmStore } from '../alarms/store.js';
import type { Cloud } from '../cloud.js';
import type { Faults } from '../faults/faults.js';
import type { Moves } from '../moves.js';
import type { Servers } from '../servers.js';
import type { Tokens } from '../tokens.js';
import { aodhRouter } from './aodh.js';
import { faultyCalls } from './faults.js';
import { keystoneRouter } from './keystone.js';
import { masakariRouter } from './masakari.js';
import { novaRouter } from './nova/router.js';
import { placementRouter } from './placement.js';
import { localsOf } from './wire.js';

/** Where the services are to be found; `maintenance` is the service under test's, if it is known. */
export interface Endpoints {
  readonly identity: string;
  readonly compute: string;
  readonly placement: string;
  readonly alarming: string;
  readonly maintenance?: string;
  /** Only where there are failover segments. */
  readonly 'instance-ha'?: string;
}

export function masakariAt(base: string): Pick<Endpoints, 'instance-ha'> {
  return { 'instance-ha': `${base}/instance-ha/v1` };
}

export function endpointsAt(base: string, maintenance?: string): Endpoints {
  return {
    identity: `${base}/identity/v3`,
    compute: `${base}/compute/v2.1`,
    placement: `${base}/placement`,
    alarming: `${base}/alarming`,
    ...(maintenance === undefined ? {} : { maintenance }),
  };
}

export interface AppParts {
  readonly cloud: Cloud;
  readonly tokens: Tokens;
  readonly alarms: AlarmStore;
  readonly moves: Moves;
  readonly servers: Servers;
  readonly faults: Faults;
  readonly endpoints: () => Endpoints;
  readonly logger: Logger;
}

/** The services' HTTP side. */
export function createApp(parts: AppParts): Express {
  const { cloud, logger } = parts;
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use((request: Request, response: Response, next: NextFunction) => {
    localsOf(response).requestId = newRequestId();
    response.set('x-openstack-request-id', localsOf(response).requestId);
    cloud.timeline.catchUp();
    if (request.method !== 'GET' && request.method !== 'HEAD') logCall(cloud, request, response);
    next();
  });
  app.use(express.json({ type: () => true, limit: '1mb' }));
  app.use(faultyCalls(parts.faults, parts.tokens));
  app.use('/identity', keystoneRouter(parts));
  app.use('/compute', novaRouter(parts));
  app.use('/placement', placementRouter(parts));
  app.use('/alarming', aodhRouter(parts));
  app.use('/instance-ha/v1', masakariRouter(parts));
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const given = (error as { status?: unknown } | null)?.status;
    const status = typeof given === 'number' ? given : 500;
    if (status === 500) logger.error({ path: request.path, error: messageOf(error) }, 'simulator failed');
    response.status(status).json({ error: { code: status, message: messageOf(error) } });
  });
  return app;
}

/** Logins are no changes of the cloud, and their bodies hold passwords. */
function logCall(cloud: Cloud, request: Request, response: Response): void {
  const { method, originalUrl: path } = request;
  if (path.startsWith('/identity')) return;
  // An answer that was not sent, because the connection broke, is closed without being finished.
  response.once('close', () => {
    const projectId = localsOf(response).caller?.projectId ?? null;
    const body: unknown = request.body ?? null;
    cloud.log.add({ kind: 'call', method, path, status: response.statusCode, projectId, body });
  });
}
