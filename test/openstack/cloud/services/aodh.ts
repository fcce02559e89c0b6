import { join } from 'node:path';
import { ini } from '../ini.js';
import type { Command } from '../processes.js';
import { PYTHON_FOLDER } from '../settings.js';
import { authtoken, common, etcFile, policy, python, type ServiceOf, serviceCredentials, wsgi } from './service.js';

export const aodh: ServiceOf = (settings) => {
  const config = ['--config-file', etcFile(settings, 'aodh.conf')];
  const daemon = (name: string): Command => python(`aodh-${name}`, 'aodh.cmd.alarm', name, ...config);
  const text = ini(authtoken(settings), common(settings, 'aodh'), policy('aodh'), {
    api: { auth_mode: 'keystone' },
    listener: { workers: 1 },
    // An alarm counts as soon as it is made; else one of the last minute may miss its first event.
    DEFAULT: { event_alarm_cache_ttl: 0 },
    service_credentials: serviceCredentials(settings),
  });
  return {
    name: 'aodh',
    databases: ['aodh'],
    // Its API's token middleware reads the file of the home folder alone.
    files: { 'etc/aodh.conf': text, '.aodh/aodh.conf': text },
    schema: [python('aodh-dbsync', 'aodh.cmd.storage', 'dbsync', ...config)],
    processes: {
      'aodh-api': wsgi(settings, 'aodh', join(PYTHON_FOLDER, 'aodh_api.py')),
      'aodh-listener': daemon('listener'),
      'aodh-notifier': daemon('notifier'),
    },
    catalog: [{ type: 'alarming', path: '' }],
    queues: ['alarm.all.sample', 'alarming.sample'],
  };
};
