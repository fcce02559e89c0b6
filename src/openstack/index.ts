export { OpenStackCloud, type OpenStackSettings } from './cloud.js';
export {
  type RegisteredUser,
  type RegisterOptions,
  type RegisterStep,
  type Registration,
  register,
} from './keystone/registration.js';
export { NOVA_NEEDS } from './nova/needs.js';
export { PLACEHOLDER_NEEDS, PLACEMENT_NEEDS } from './placement/needs.js';
export { ServiceApi, type Timeouts } from './service-api.js';
export { type Need, versionText } from './versions.js';
