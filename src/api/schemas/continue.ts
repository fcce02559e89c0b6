import { shapeOf } from './validator.js';

/** Body of PUT /v1/maintenance/{sid}: the state in which the session failed, if anything. */
export const CONTINUE_BODY = {
  type: 'object',
  additionalProperties: false,
  properties: { state: { type: 'string', description: 'Must be the state in which it failed' } },
};

export const continueShape = shapeOf<{ readonly state?: string }>(CONTINUE_BODY);
