import { shapeOf } from './validator.js';

/** Body of PUT /v1/maintenance/{sid}: the state in which the session failed, if anything. */
export const continueShape = shapeOf<{ readonly state?: string }>({
  type: 'object',
  additionalProperties: false,
  properties: { state: { type: 'string' } },
});
