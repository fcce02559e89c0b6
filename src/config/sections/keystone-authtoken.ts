import { flag, list, number, text } from '../options.js';
import { AUTH_OPTIONS, INTERFACE_OPTIONS, TLS_OPTIONS } from './auth.js';

export const keystone_authtoken = {
  doc: 'How the API validates tokens.',
  options: {
    auth_url: text('', 'Keystone, as the API reaches it.'),
    www_authenticate_uri: text('', 'Keystone, as clients reach it; named to them with 401. Empty: auth_url.'),
    username: text('', 'User that validates tokens.'),
    password: text('', 'Its password.', { secret: 'value' }),
    project_name: text('', 'Its project.'),
    user_domain_name: text('Default', 'Domain of the user.'),
    project_domain_name: text('Default', 'Domain of the project.'),
    ...AUTH_OPTIONS,
    region_name: text('', "Keystone's region; empty = any."),
    ...INTERFACE_OPTIONS,
    ...TLS_OPTIONS,
    token_cache_time: number(300, 'Seconds that a validated token is remembered for at most; 0 = not at all.'),
    revocation_cache_time: number(
      10,
      'Seconds after which Keystone is asked what was revoked, so that a remembered token does not outlive that by more; ' +
        '0 = never.',
    ),
    service_type: text(
      'maintenance',
      'Type of this service, by which access rules of application credentials name it.',
    ),
    service_token_roles: list(['service'], 'Roles, one of which makes the token in X-Service-Token one of a service.'),
    service_token_roles_required: flag(false, 'Refuse requests with an X-Service-Token that has none of them.'),
    jws_public_keys_dir: text(
      '',
      'Directory with the public keys of JWS tokens: a token that is forged or expired by them is refused without ' +
        'asking Keystone. Empty: Keystone is always asked.',
    ),
  },
  retired: [],
} as const;
