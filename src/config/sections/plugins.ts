import { choice, integer, list, number, text } from '../options.js';

/** [plugins]: how plug-ins are found, checked and kept apart. Where they are looked for is [DEFAULT] plugin_path. */
export const plugins = {
  doc: 'Plug-ins: how they are found and checked, how those of others are kept from doing harm, and what may be done here.',
  options: {
    package_directory: text(
      '/opt/fenix/plugins',
      'The directory in which npm packages of plugin_path were installed: they are looked for in its node_modules and ' +
        'those above it, then in those of Fenix.',
    ),
    on_error: choice(
      ['stop', 'skip'],
      'stop',
      'What a plug-in does that cannot be used: stop ends the start of the engine, with a sentence for each of them; ' +
        'skip goes on without it: it is logged and listed by GET /v1/engines.',
    ),
    retry_attempts: integer(1, 'How often a failed action plug-in is run in all that declares no retry.', {
      min: 1,
      max: 1000,
    }),
    retry_wait: number(60, 'Seconds between two of these runs.'),
    isolation: choice(
      ['third-party', 'all', 'none'],
      'third-party',
      'Which action plug-ins get a process of their own for each run: those that do not come with Fenix, all, or none. ' +
        'Without one, a plug-in that loops or ends its process does so to the engine.',
    ),
    memory: integer(
      256,
      'MiB of heap that such a process may have; twice that and 100 MiB in all. It is ended when it takes more.',
      { min: 16, max: 65_536 },
    ),
    grace: number(2, 'Seconds that such a process has to end by itself when its time is up or the engine lets go.', {
      min: 0,
    }),
    load_timeout: number(10, 'Seconds that a plug-in may take to be imported when the engine starts.', { min: 0.1 }),
    output_interval: number(15, 'Seconds of domain time between two looks at what a running plug-in prints.', {
      min: 1,
    }),
    run_locally: list([], 'Names of the action plug-ins that may run programs on the machine of the engine.'),
    local_files: text('', 'Directory of the files that these may use there, such as playbooks. Empty: none.', {
      check: (path) => (path === '' || path.startsWith('/') ? undefined : 'an absolute path'),
    }),
  },
  retired: [],
} as const;
