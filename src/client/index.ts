export type * from './catalog-types.js';
export * from './constraint-types.js';
export type * from './control-types.js';
export type { OnConnection } from './events.js';
export { type EventOptions, FenixClient, type FenixClientOptions } from './fenix-client.js';
export { type FetchFunction, MOST_BYTES } from './http.js';
export type * from './types.js';
