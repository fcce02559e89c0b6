import type { ApiSettings } from '../../api/deps.js';
import type { ApiServerOptions } from '../../api/server.js';
import type { Config } from '../../config/index.js';
import { downloadRules } from './downloads.js';

const HEALTH_TIMEOUT_MS = 3000;

/** What the API's handlers and its application take of the configuration. */
export function apiSettings(config: Config): ApiSettings {
  const { default: common, api, engine, workflow, osloMiddleware, cors, healthcheck } = config;
  return {
    rateLimits: { replies: api.replyRateLimit, constraints: api.constraintRateLimit },
    replyPaceMs: api.replyPace * 1000,
    readPaceMs: api.readPace * 1000,
    maxBodyBytes: osloMiddleware.maxRequestBodySize,
    behindProxy: osloMiddleware.enableProxyHeadersParsing,
    cors: {
      allowedOrigins: cors.allowedOrigin,
      allowCredentials: cors.allowCredentials,
      exposeHeaders: cors.exposeHeaders,
      maxAgeS: cors.maxAge,
      allowMethods: cors.allowMethods,
      allowHeaders: cors.allowHeaders,
    },
    health: {
      detailed: healthcheck.detailed,
      timeoutMs: HEALTH_TIMEOUT_MS,
      ...(healthcheck.disableByFilePath !== '' && { disableByFilePath: healthcheck.disableByFilePath }),
    },
    events: {
      maxListeners: api.maxEventListeners,
      pollMs: api.eventPollInterval * 1000,
      heartbeatMs: api.eventHeartbeat * 1000,
    },
    idempotencyKeyLifeS: api.idempotencyKeyTtl,
    maxSessions: common.maxSessions,
    engineAliveS: engine.leaseTime,
    projectMaintenanceReplyS: common.projectMaintenanceReply,
    maxDeferS: workflow.maxDefer,
    downloads: downloadRules(config),
    ...(common.publicUrl !== '' && { publicUrl: common.publicUrl }),
  };
}

/** What its server takes. */
export function serverOptions({ api, ssl }: Config): Pick<ApiServerOptions, 'limits' | 'tls'> {
  const { certFile, keyFile, caFile } = ssl;
  return {
    limits: {
      headersTimeoutMs: api.headersTimeout * 1000,
      requestTimeoutMs: api.requestTimeout * 1000,
      keepAliveTimeoutMs: api.clientSocketTimeout * 1000,
      maxHeaderBytes: api.maxHeaderLine,
    },
    ...(certFile !== '' && { tls: { certFile, keyFile, ...(caFile !== '' && { caFile }) } }),
  };
}
