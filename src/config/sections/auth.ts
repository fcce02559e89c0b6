import { choice, flag, list, text } from '../options.js';

/** Ways to authenticate at Keystone, as keystoneauth names them. */
const AUTH_TYPES = ['password', 'v3password', 'token', 'v3token', 'v3applicationcredential'] as const;

/** How a process authenticates, beyond user, password and project: options that keystoneauth has. */
export const AUTH_OPTIONS = {
  auth_type: choice(
    AUTH_TYPES,
    'password',
    'How it authenticates: by password, by a token (which cannot be renewed), or by an application credential.',
  ),
  user_id: text('', 'User by id, in place of name and domain.'),
  user_domain_id: text('', 'Domain of the user by id, in place of its name.'),
  project_id: text('', 'Project by id, in place of name and domain.'),
  project_domain_id: text('', 'Domain of the project by id, in place of its name.'),
  token: text('', 'With auth_type token.', { secret: 'value' }),
  application_credential_id: text('', 'With auth_type v3applicationcredential; its project is the scope.'),
  application_credential_name: text('', 'The same by name, with the user that it belongs to.'),
  application_credential_secret: text('', 'Its secret.', { secret: 'value' }),
} as const;

/** TLS of requests to the cloud. */
export const TLS_OPTIONS = {
  cafile: text(
    '',
    'File with the certificates of authorities that Keystone and the services of its catalog may use; empty = those of Node.',
  ),
  certfile: text('', 'Certificate of this client.'),
  keyfile: text('', 'Its key.'),
  insecure: flag(false, 'Do not check certificates.'),
} as const;

const INTERFACES = ['internal', 'public', 'admin'] as const;

/** Which endpoints of the catalog are used. */
export const INTERFACE_OPTIONS = {
  interface: choice(INTERFACES, 'internal', 'Which endpoint of the catalog is used.'),
  valid_interfaces: list([], `The same as a list by preference, and wins: of ${INTERFACES.join(', ')}.`, INTERFACES),
} as const;
