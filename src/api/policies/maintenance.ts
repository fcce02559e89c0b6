import type { RuleDefault } from '../../policy/index.js';
import { ADMIN, ADMIN_OR_SYSTEM_READER, SCOPES as scopes } from './base.js';

const reading = { check: ADMIN, newCheck: ADMIN_OR_SYSTEM_READER, scopes };
const writing = { check: ADMIN, scopes };

/** Sessions are the admin's (v1 §1.1). */
export const MAINTENANCE_RULES = [
  { name: 'fenix:maintenance:create', ...writing, about: 'Create a maintenance session.' },
  { name: 'fenix:maintenance:list', ...reading, about: 'List maintenance sessions.' },
  { name: 'fenix:maintenance:get', ...reading, about: 'Show the state of a session.' },
  { name: 'fenix:maintenance:update', ...writing, about: 'Let a failed session go on.' },
  { name: 'fenix:maintenance:delete', ...writing, about: 'Delete a session.' },
  { name: 'fenix:maintenance:detail', ...reading, about: 'Show everything known of a session.' },
  { name: 'fenix:maintenance:action', ...writing, about: 'Control a session.' },
  { name: 'fenix:maintenance:history', ...reading, about: 'See what happened in a session and who did it.' },
] as const satisfies RuleDefault[];
