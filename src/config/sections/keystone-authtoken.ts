import { choice, number, text } from '../options.js';

export const keystone_authtoken = {
  doc: 'How the API validates tokens.',
  options: {
    auth_url: text('', 'Keystone, as the API reaches it.'),
    www_authenticate_uri: text('', 'Keystone, as clients reach it; named to them with 401. Empty: auth_url.'),
    auth_type: choice(['password', 'v3password'], 'password', 'How the API authenticates itself.'),
    username: text('', 'User that validates tokens.'),
    password: text('', 'Its password.', { secret: 'value' }),
    project_name: text('', 'Its project.'),
    user_domain_name: text('Default', 'Domain of the user.'),
    project_domain_name: text('Default', 'Domain of the project.'),
    region_name: text('', "Keystone's region; empty = any."),
    interface: choice(['internal', 'public', 'admin'], 'internal', 'Which of its endpoints is used.'),
    cafile: text('', 'File with the certificates of authorities that Keystone may use; empty = those of Node.'),
    token_cache_time: number(300, 'Seconds that a validated token is remembered for at most; 0 = not at all.'),
    jws_public_keys_dir: text(
      '',
      'Directory with the public keys of JWS tokens: a token that is forged or expired by them is refused without ' +
        'asking Keystone. Empty: Keystone is always asked.',
    ),
  },
  retired: [],
} as const;
