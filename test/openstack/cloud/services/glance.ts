import { join } from 'node:path';
import { ini } from '../ini.js';
import { authtoken, common, etcFile, python, type ServiceOf } from './service.js';

export const glance: ServiceOf = (settings) => {
  const config = ['--config-file', etcFile(settings, 'glance.conf')];
  const store = (name: string) => ({ filesystem_store_datadir: join(settings.home, 'glance', name) });
  return {
    name: 'glance',
    databases: ['glance'],
    files: {
      'etc/glance.conf': ini(authtoken(settings), common(settings, 'glance'), {
        DEFAULT: {
          bind_host: '127.0.0.1',
          bind_port: settings.ports.glance,
          workers: 0,
          enabled_backends: 'images:file',
          enabled_import_methods: '[]',
        },
        glance_store: { default_backend: 'images' },
        images: store('images'),
        os_glance_tasks_store: store('tasks'),
        os_glance_staging_store: store('staging'),
        paste_deploy: { flavor: 'keystone', config_file: '/etc/glance/glance-api-paste.ini' },
      }),
      'glance/images/.keep': '',
      'glance/tasks/.keep': '',
      'glance/staging/.keep': '',
    },
    schema: [{ argv: ['/usr/bin/glance-manage', ...config, 'db_sync'] }],
    processes: { glance: python('glance-api', 'glance.cmd.api', 'main', ...config) },
    catalog: [{ type: 'image', path: '' }],
    queues: [],
  };
};
