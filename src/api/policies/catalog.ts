import type { RuleDefault } from '../../policy/index.js';
import { ADMIN, ADMIN_OR_SYSTEM_READER, SCOPES as scopes } from './base.js';

const reading = { check: ADMIN, newCheck: ADMIN_OR_SYSTEM_READER, scopes };

export const CATALOG_RULES = [
  { name: 'fenix:workflow:list', ...reading, about: 'List the workflows that a session can have.' },
  { name: 'fenix:action:list', ...reading, about: 'List the action plug-ins.' },
  { name: 'fenix:engine:list', ...reading, about: 'List the engines.' },
] as const satisfies RuleDefault[];
