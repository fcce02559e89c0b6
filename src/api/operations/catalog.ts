import type { Operation } from './operation.js';

/** What engines have, and which there are. */
export const CATALOG = {
  listWorkflows: {
    method: 'GET',
    path: '/workflows',
    rule: 'fenix:workflow:list',
    about: 'List the workflows that a session can have.',
    answer: 'Workflows',
  },
  listActions: {
    method: 'GET',
    path: '/actions',
    rule: 'fenix:action:list',
    about: 'List the action plug-ins, with the JSON schemas of their metadata.',
    answer: 'Actions',
  },
  listEngines: {
    method: 'GET',
    path: '/engines',
    rule: 'fenix:engine:list',
    about: 'List the engines, running ones and those of before.',
    answer: 'Engines',
  },
} satisfies Record<string, Operation>;
