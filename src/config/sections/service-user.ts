import { text } from '../options.js';
import { AUTH_OPTIONS, TLS_OPTIONS } from './auth.js';

/** [service_user]: wins over workflow_user and the like of [DEFAULT]. */
export const service_user = {
  doc:
    'Who the engine is towards Keystone; wins over workflow_user, workflow_password, workflow_project. Options that ' +
    "begin with os_ may be written without it, as other services' are.",
  options: {
    os_auth_url: text('', 'Keystone, e.g. http://controller/identity/v3.'),
    os_username: text('', 'User name.'),
    os_password: text('', 'Password.', { secret: 'value' }),
    os_user_domain_name: text('Default', "Domain of the user, by name or as the id 'default'."),
    os_project_name: text('', 'Project.'),
    os_project_domain_name: text('Default', 'Domain of the project.'),
    ...AUTH_OPTIONS,
    ...TLS_OPTIONS,
  },
  retired: ['send_service_user_token'],
  aliases: {
    auth_url: 'os_auth_url',
    username: 'os_username',
    password: 'os_password',
    user_domain_name: 'os_user_domain_name',
    project_name: 'os_project_name',
    project_domain_name: 'os_project_domain_name',
  },
} as const;
