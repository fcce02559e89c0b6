import { ini } from '../ini.js';
import { databaseUrl, folders } from '../settings.js';
import { authtoken, etcFile, policy, type ServiceOf, wsgi } from './service.js';

export const placement: ServiceOf = (settings) => {
  const env = { OS_PLACEMENT_CONFIG_DIR: folders(settings.home).etc };
  const config = ['--config-file', etcFile(settings, 'placement.conf')];
  return {
    name: 'placement',
    databases: ['placement'],
    files: {
      'etc/placement.conf': ini(authtoken(settings), policy('placement'), {
        placement_database: { connection: databaseUrl(settings, 'placement') },
      }),
    },
    schema: [{ argv: ['/usr/bin/placement-manage', ...config, 'db', 'sync'], env }],
    processes: { placement: { ...wsgi(settings, 'placement', '/usr/bin/placement-api'), env } },
    catalog: [{ type: 'placement', path: '' }],
    queues: [],
  };
};
