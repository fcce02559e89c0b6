import { ini } from '../ini.js';
import type { Command } from '../processes.js';
import { PASSWORD, REGION, urlOf } from '../settings.js';
import { authtoken, common, credentials, etcFile, python, type ServiceOf } from './service.js';

export const heat: ServiceOf = (settings) => {
  const config = ['--config-file', etcFile(settings, 'heat.conf')];
  const daemon = (name: 'api' | 'engine'): Command => python(`heat-${name}`, `heat.cmd.${name}`, 'main', ...config);
  return {
    name: 'heat',
    databases: ['heat'],
    files: {
      'etc/heat.conf': ini(authtoken(settings), common(settings, 'heat'), {
        DEFAULT: {
          num_engine_workers: 1,
          heat_metadata_server_url: urlOf(settings, 'heat'),
          stack_user_domain_name: 'heat',
          stack_domain_admin: 'heat_domain_admin',
          stack_domain_admin_password: PASSWORD,
          auth_encryption_key: '0123456789abcdef0123456789abcdef',
          environment_dir: '/etc/heat/environment.d',
          template_dir: '/etc/heat/templates',
          region_name_for_services: REGION,
        },
        heat_api: { bind_host: '127.0.0.1', bind_port: settings.ports.heat, workers: 0 },
        paste_deploy: { api_paste_config: '/etc/heat/api-paste.ini' },
        clients_keystone: { auth_uri: urlOf(settings, 'keystone') },
        trustee: credentials(settings),
      }),
    },
    schema: [{ argv: ['/usr/bin/heat-manage', ...config, 'db_sync'] }],
    processes: { 'heat-api': daemon('api'), 'heat-engine': daemon('engine') },
    catalog: [{ type: 'orchestration', path: '/v1/%(tenant_id)s' }],
    queues: ['engine'],
  };
};
