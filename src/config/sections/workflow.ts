import { choice, integer, number, optionalInteger } from '../options.js';

const REACH = ['fail', 'skip_host', 'force', 'ask'] as const;

/** [workflow]: the cloud-wide defaults of a session's `policy` (v1 §1.2, §5.4), and of missing constraints (§4.1). */
export const workflow = {
  doc: 'What happens when something does not go as planned, unless the session has a policy of its own.',
  options: {
    nack: choice(REACH, 'fail', 'A project refuses.'),
    silence: choice(REACH, 'fail', 'A project does not reply.'),
    instance_failed: choice(REACH, 'fail', 'An instance could not be moved.'),
    plugin_failed: choice(REACH, 'fail', 'An action plug-in failed on a host.'),
    failure_budget: optionalInteger('Hosts that may be lost in these ways before the session fails; empty = no limit.'),
    no_manager: choice(['fail', 'proceed'], 'fail', 'A project has no manager that listens.'),
    constraints: choice(['defaults', 'require'], 'defaults', 'Instances without constraints: use defaults, or fail.'),
    immovable: choice(['fail', 'skip_host', 'stop_while_out'], 'fail', 'No allowed way leads off the host.'),
    down_hosts: choice(['exclude', 'evacuate', 'fail'], 'exclude', 'A host that is down holds instances.'),
    steer_new: choice(
      ['none', 'disable_waiting'],
      'none',
      'Whether new instances are kept off hosts that are still to be maintained.',
    ),
    hold_room: choice(
      ['none', 'placeholders'],
      'none',
      'Whether Placement holds the room of a planned move on its target until the move begins (workflow vnf).',
    ),
    default_max_impacted: integer(1, 'Members of an implicit group that may be impacted at the same time.'),
    default_recovery_time: number(0, 'Seconds of rest after an impact in an implicit group.'),
    max_defer: number(600, 'Seconds that the replies to one notice can be deferred by, in sum.'),
    ask_timeout: number(86400, 'Seconds that a question to the admin stays open.', { min: 1 }),
  },
  retired: [],
} as const;
