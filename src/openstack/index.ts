export { OpenStackCloud, type OpenStackSettings } from './cloud.js';
export type { Timeouts } from './service-api.js';
