import { text } from '../options.js';

export const upgrade_levels = {
  doc: 'While releases run side by side: how new the messages are that a process sends.',
  options: {
    engine: text(
      '',
      'Version that requests to engines are capped to, e.g. 1.0, or a release of Fenix, e.g. release-0.1; empty = none. ' +
        'Set it to the oldest engine before an upgrade, take it out after the last one.',
    ),
  },
  retired: [],
} as const;
