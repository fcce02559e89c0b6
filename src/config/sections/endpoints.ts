import { number, text } from '../options.js';
import { INTERFACE_OPTIONS } from './auth.js';

/** What Fenix must know of a service that it calls; all such sections have the same options. */
function endpoint(name: string) {
  return {
    doc: `How ${name} is reached.`,
    options: {
      endpoint_override: text('', 'URL to use in place of the one in the catalog.'),
      region_name: text('', 'Region in the catalog; empty = any.'),
      ...INTERFACE_OPTIONS,
      timeout: number(60, 'Seconds for one request.', { min: 0.001 }),
    },
    retired: [],
  } as const;
}

export const nova = endpoint('Nova');
export const placement = endpoint('Placement');
export const aodh = endpoint('Aodh');
export const masakari = endpoint('Masakari');
