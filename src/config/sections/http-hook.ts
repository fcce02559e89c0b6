import { allowedHostsProblem } from '../../common/allowed-hosts.js';
import { flag, integer, list, number, text } from '../options.js';

/** [http_hook]: whom the action plug-in http-hook may call (docs/http-hook.md). */
export const http_hook = {
  doc: 'Systems that the action plug-in http-hook may call.',
  options: {
    allowed_hosts: {
      ...list([], "Names or addresses, with a port where it is not the scheme's own; empty = it calls nobody."),
      check: allowedHostsProblem,
    },
    require_https: flag(true, 'Refuse calls over plain http.'),
    secrets_file: text(
      '',
      'JSON file with the secrets that calls are signed with, by name: {"<name>": "<at least 16 characters>"}. Read at ' +
        'each call.',
    ),
    cafile: text('', "PEM file of the authorities that those systems are known by; empty: Node.js's own."),
    timeout: number(30, 'Seconds for one call.', { min: 0.1 }),
    max_answer_size: integer(1024 ** 2, 'Bytes that an answer may have.', { min: 1 }),
  },
  retired: [],
} as const;
