export { OpenStackCloud, type OpenStackSettings } from './cloud.js';
export {
  type RegisteredUser,
  type RegisterOptions,
  type RegisterStep,
  type Registration,
  register,
} from './keystone/registration.js';
export { ServiceApi, type Timeouts } from './service-api.js';
