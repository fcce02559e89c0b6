import { join } from 'node:path';
import { ini } from '../ini.js';
import type { Command } from '../processes.js';
import { authUrl, folders, PASSWORD, REGION } from '../settings.js';
import { common, etcFile, policy, type ServiceOf, wsgi } from './service.js';

export const keystone: ServiceOf = (settings) => {
  const keys = join(settings.home, 'keystone');
  const manage = (...args: string[]): Command => ({
    argv: ['/usr/bin/keystone-manage', '--config-file', etcFile(settings, 'keystone.conf'), ...args],
  });
  const asRoot = ['--keystone-user', 'root', '--keystone-group', 'root'];
  const url = authUrl(settings);
  return {
    name: 'keystone',
    databases: ['keystone'],
    files: {
      'etc/keystone.conf': ini(common(settings, 'keystone'), policy('keystone'), {
        token: { provider: 'fernet' },
        fernet_tokens: { key_repository: join(keys, 'fernet') },
        fernet_receipts: { key_repository: join(keys, 'fernet') },
        credential: { key_repository: join(keys, 'credential') },
        identity: { password_hash_rounds: 4 },
      }),
      'keystone/fernet/.keep': '',
      'keystone/credential/.keep': '',
    },
    schema: [
      manage('db_sync'),
      manage('fernet_setup', ...asRoot),
      manage('credential_setup', ...asRoot),
      manage(
        ...['bootstrap', '--bootstrap-password', PASSWORD, '--bootstrap-region-id', REGION],
        ...['public', 'internal', 'admin'].flatMap((each) => [`--bootstrap-${each}-url`, url]),
      ),
    ],
    processes: {
      keystone: {
        ...wsgi(settings, 'keystone', '/usr/bin/keystone-wsgi-public', 2),
        env: { OS_KEYSTONE_CONFIG_DIR: folders(settings.home).etc },
      },
    },
    catalog: [],
    queues: [],
  };
};
