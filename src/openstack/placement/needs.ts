import { type Need, need } from '../versions.js';

/** 1.31: candidates within one tree; forbidden traits are there since 1.22. */
export const IN_TREE = need(1, 31, 'to prove that an instance fits on a host');
/** 1.14: trees; a compute node is the root of one. */
export const TREES = need(1, 14, 'to know compute nodes from what is within them');
/** 1.38: types of consumers; by 1.28 and before generations of consumers and codes of errors. */
export const CONSUMER_TYPES = need(1, 38, 'to hold the room of planned moves');
export const FIRST = need(1, 0, 'to read inventories and allocations');

/** All that Placement is asked for by every session. */
export const PLACEMENT_NEEDS: readonly Need[] = [IN_TREE, TREES, FIRST];

/** What `hold_room: placeholders` asks for beyond that. */
export const PLACEHOLDER_NEEDS: readonly Need[] = [CONSUMER_TYPES];
