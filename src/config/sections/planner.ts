import { integer, number } from '../options.js';

/** [planner]: what the planner of many hosts reckons with until a session has seen for itself. */
export const planner = {
  doc: 'Plans of all hosts together: what they reckon with until a session has learned it from what it did itself, and how many are kept.',
  options: {
    move_duration: number(60, 'Seconds that an instance takes from one host to another.', { min: 0.001 }),
    action_duration: number(600, 'Seconds that the actions on a host take.', { min: 0.001 }),
    kept_plans: integer(
      20,
      'Plans that are kept of each session with what they were made from, the last ones; see "fenix-manage plans". 0 = none.',
      { max: 10_000, min: 0 },
    ),
  },
  retired: [],
} as const;
