import { list, text } from '../options.js';

/** [plugins]: what plug-ins may do beside their work on hosts. */
export const plugins = {
  doc: 'What plug-ins may do on the machine of the engine.',
  options: {
    run_locally: list([], 'Names of the action plug-ins that may run programs on the machine of the engine.'),
    local_files: text('', 'Directory of the files that these may use there, such as playbooks. Empty: none.', {
      check: (path) => (path === '' || path.startsWith('/') ? undefined : 'an absolute path'),
    }),
  },
  retired: [],
} as const;
