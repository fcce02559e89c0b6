import { flag, multi, text } from '../options.js';

/** Names and, where they do not weaken fenix-v1 §1.1, defaults as oslo.policy has them. */
export const oslo_policy = {
  doc: 'Who may do what in the API, as oslo.policy names the options.',
  options: {
    policy_file: text(
      'policy.yaml',
      'File with the rules that differ from the defaults in the code, YAML or JSON; "fenix-manage policy sample" ' +
        'writes one. A relative name is looked for beside the configuration file. It is read again when it changes.',
    ),
    policy_dirs: multi(
      ['policy.d'],
      'Directories with more such files, which win over policy_file, later names over earlier ones.',
    ),
    policy_default_rule: text('default', 'Rule that stands for those that are not there.'),
    enforce_scope: flag(
      true,
      'Refuse tokens whose scope is not meant for what is asked for: an admin of a domain is none of the cloud.',
    ),
    enforce_new_defaults: flag(
      false,
      'Use the newer defaults: a reader of the whole system may look at sessions, and who writes for a project needs ' +
        'role member. Project managers with a legacy role only can then not reply.',
    ),
  },
  retired: [
    'remote_content_type',
    'remote_ssl_verify_server_crt',
    'remote_ssl_ca_crt_file',
    'remote_ssl_client_crt_file',
    'remote_ssl_client_key_file',
    'remote_timeout',
  ],
} as const;
