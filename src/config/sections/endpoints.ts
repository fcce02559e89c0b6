import { choice, number, text } from '../options.js';

/** What Fenix must know of a service that it calls; all such sections have the same options. */
function endpoint(name: string) {
  return {
    doc: `How ${name} is reached.`,
    options: {
      endpoint_override: text('', 'URL to use in place of the one in the catalog.'),
      region_name: text('', 'Region in the catalog; empty = any.'),
      interface: choice(['internal', 'public', 'admin'], 'internal', 'Which endpoint of the catalog is used.'),
      timeout: number(60, 'Seconds for one request.', { min: 0.001 }),
    },
    retired: [],
  } as const;
}

export const nova = endpoint('Nova');
export const placement = endpoint('Placement');
export const aodh = endpoint('Aodh');
