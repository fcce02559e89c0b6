import { text } from '../options.js';

/** [service_user]: wins over workflow_user and the like of [DEFAULT]. */
export const service_user = {
  doc: 'Who the engine is towards Keystone; wins over workflow_user, workflow_password, workflow_project.',
  options: {
    os_auth_url: text('', 'Keystone, e.g. http://controller/identity/v3.'),
    os_username: text('', 'User name.'),
    os_password: text('', 'Password.', { secret: 'value' }),
    os_user_domain_name: text('Default', "Domain of the user, by name or as the id 'default'."),
    os_project_name: text('', 'Project.'),
    os_project_domain_name: text('Default', 'Domain of the project.'),
    cafile: text('', 'File with the certificates of authorities that Keystone may use; empty = those of Node.'),
  },
  retired: [],
} as const;
