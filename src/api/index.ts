export { type App, createApp } from './app.js';
export type { ApiDeps, ApiSettings, AppDeps, WakeEngine } from './deps.js';
export { openApiDocument } from './openapi/document.js';
export { credentialsOf } from './policies/credentials.js';
export { DEFAULT_RULES } from './policies/index.js';
export { sampleOfPolicy } from './policies/sample.js';
export { apiReference } from './reference/reference.js';
export { type ApiServer, DEFAULT_SERVER_LIMITS, type ServerLimits, startApiServer, type TlsFiles } from './server.js';
