export { createApp } from './app.js';
export type { ApiDeps, ApiSettings, WakeEngine } from './deps.js';
export { type ApiServer, DEFAULT_SERVER_LIMITS, type ServerLimits, startApiServer } from './server.js';
