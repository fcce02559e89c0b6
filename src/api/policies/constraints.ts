import type { RuleDefault } from '../../policy/index.js';
import { SCOPES as scopes } from './base.js';
import { NEW_OWNER_WRITES, OWNER_READS, OWNER_WRITES } from './project.js';

/*
 * `project_id` of a constraint is its owner's, and that is the token's project, never the body's value (L9): so whoever
 * has a project may.
 */
const reading = { check: OWNER_READS, scopes };
const writing = { check: OWNER_WRITES, newCheck: NEW_OWNER_WRITES, scopes };

export const CONSTRAINT_RULES = [
  { name: 'fenix:instance:get', ...reading, about: "Show an instance's constraints; project_id is their owner." },
  { name: 'fenix:instance:update', ...writing, about: "Set an instance's constraints." },
  { name: 'fenix:instance:delete', ...writing, about: "Delete an instance's constraints." },
  { name: 'fenix:instance_group:get', ...reading, about: "Show a group's constraints; project_id is their owner." },
  { name: 'fenix:instance_group:update', ...writing, about: "Set a group's constraints." },
  { name: 'fenix:instance_group:delete', ...writing, about: "Delete a group's constraints." },
] as const satisfies RuleDefault[];
