import type { CloudSettings } from '../settings.js';
import { aodh } from './aodh.js';
import { ceilometer } from './ceilometer.js';
import { glance } from './glance.js';
import { heat } from './heat.js';
import { keystone } from './keystone.js';
import { neutron } from './neutron.js';
import { nova } from './nova.js';
import { placement } from './placement.js';
import type { Service } from './service.js';

/** All but Keystone, which has to be there first; those that take longest lead. */
export function servicesOf(settings: CloudSettings): Service[] {
  return [nova, neutron, heat, placement, glance, aodh, ceilometer].map((service) => service(settings));
}

export type { Service };
export { keystone };
