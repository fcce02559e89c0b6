export type { Config } from './config.js';
export { type DatabaseTarget, type MysqlTarget, parseDatabaseUrl, type SqliteTarget } from './database-url.js';
export { describe, maskUrl } from './describe.js';
export { defaultConfigFiles, type LoadedConfig, type LoadOptions, loadConfig } from './load.js';
export { withQueryOptions } from './override.js';
export { bindUrl, checkedPublicUrl } from './public-url.js';
export { sample } from './sample.js';
export { asEnvironment, type Values } from './sources.js';
