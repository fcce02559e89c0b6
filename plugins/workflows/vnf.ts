import type { StateHandler, WorkflowPlugin } from '../../src/workflow/contract.js';
import { completeSession } from '../../src/workflow/ending.js';
import { derivedState } from '../../src/workflow/fleet/derived-state.js';
import { FleetIndex } from '../../src/workflow/fleet/index-of-view.js';
import { rollOn } from '../../src/workflow/fleet/rolling.js';
import { guarded } from '../../src/workflow/guard.js';
import { openSession } from '../../src/workflow/opening.js';

/** MAINTENANCE: as in every workflow; then the hosts roll, each for itself. */
const maintenance: StateHandler = async (view, tools) =>
  (await openSession(view, tools)) ?? derivedState(view, new FleetIndex(view));

export default {
  name: 'vnf',
  version: '1.0.0',
  description: 'As many hosts at once as room, groups and limits allow, each instance told of and moved for itself',
  style: 'vnf',
  states: {
    MAINTENANCE: guarded(maintenance),
    SCALE_IN: rollOn,
    PREPARE_MAINTENANCE: rollOn,
    START_MAINTENANCE: rollOn,
    PLANNED_MAINTENANCE: rollOn,
    MAINTENANCE_COMPLETE: guarded(completeSession),
  },
} satisfies WorkflowPlugin;
