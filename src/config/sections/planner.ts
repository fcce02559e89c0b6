import { number } from '../options.js';

/** [planner]: what the planner of many hosts reckons with until a session has seen for itself. */
export const planner = {
  doc: 'How long things are reckoned to take, until a session has learned it from what it did itself.',
  options: {
    move_duration: number(60, 'Seconds that an instance takes from one host to another.', { min: 0.001 }),
    action_duration: number(600, 'Seconds that the actions on a host take.', { min: 0.001 }),
  },
  retired: [],
} as const;
