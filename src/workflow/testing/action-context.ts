import { ManualClock } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import { silentLogger } from '../../common/logger.js';
import type { ActionCloud, Programs, SignedCalls } from '../action-tools.js';
import type { ActionContext } from '../contract.js';

/** A context with everything in place, for the tests of one plug-in; say what matters, the rest is as on a plain host. */
export function actionContext(given: Partial<ActionContext> = {}): ActionContext {
  return {
    sessionId: '00000000-0000-4000-8000-000000000001',
    host: 'compute-1',
    type: 'compute',
    phase: 'run',
    name: 'plug-in',
    metadata: {},
    sessionMetadata: {},
    checked: {},
    attempt: 1,
    log: silentLogger,
    clock: new ManualClock(new Date('2026-01-01T00:00:00Z')),
    signal: new AbortController().signal,
    remote: noPrograms,
    local: noPrograms,
    localFiles: '',
    cloud: noCloud,
    hooks: noHooks,
    files: null,
    output: () => undefined,
    record: () => undefined,
    remember: async () => undefined,
    remembered: {},
    changed: () => undefined,
    ...given,
  };
}

const noPrograms: Programs = {
  run: ([program]) => unexpected(`the program ${program}`),
};

const noCloud: ActionCloud = {
  services: () => unexpected('services'),
  capacities: () => unexpected('capacities'),
  occupants: () => unexpected('occupants'),
  aggregates: () => unexpected('aggregates'),
  server: () => unexpected('server'),
  proves: () => unexpected('proves'),
  enableService: () => unexpected('enableService'),
  disableService: () => unexpected('disableService'),
  hypervisor: () => unexpected('hypervisor'),
  deleteService: () => unexpected('deleteService'),
  addToAggregate: () => unexpected('addToAggregate'),
  removeFromAggregate: () => unexpected('removeFromAggregate'),
  deleteProvider: () => unexpected('deleteProvider'),
  serversNamed: () => unexpected('serversNamed'),
  boot: () => unexpected('boot'),
  deleteServer: () => unexpected('deleteServer'),
  guardedHosts: () => unexpected('guardedHosts'),
  setOnMaintenance: () => unexpected('setOnMaintenance'),
};

const noHooks: SignedCalls = {
  check: ({ url }) => unexpected(`a call of ${url}`),
  send: ({ url }) => unexpected(`a call of ${url}`),
};

function unexpected(what: string): Promise<never> {
  return Promise.reject(new FenixError('terminal', 'test-context', `The test gave no answer for ${what}.`));
}
