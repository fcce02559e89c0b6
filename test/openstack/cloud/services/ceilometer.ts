import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ini } from '../ini.js';
import { ETC_FOLDER } from '../settings.js';
import { common, etcFile, python, type ServiceOf, serviceCredentials } from './service.js';

/** Ceilometer's own files, as the package brings them. */
export const OWN_FILES = '/usr/lib/python3/dist-packages/ceilometer/pipeline/data';

/** The notification agent alone, for events: configured with what etc/fenix gives operators to add. */
export const ceilometer: ServiceOf = (settings) => {
  const ours = (name: string): string => readFileSync(join(ETC_FOLDER, 'ceilometer', name), 'utf8');
  return {
    name: 'ceilometer',
    databases: [],
    files: {
      'etc/ceilometer.conf': ini(common(settings, 'ceilometer'), {
        DEFAULT: { event_pipeline_cfg_file: etcFile(settings, 'event_pipeline.yaml') },
        event: {
          definitions_cfg_file: etcFile(settings, 'event_definitions.yaml'),
          drop_unmatched_notifications: true,
        },
        notification: {
          workers: 1,
          pipelines: 'event',
          // Not among the defaults: the exchange that Fenix publishes to. DevStack's plugin takes one that is.
          notification_control_exchanges: ['openstack', 'nova', 'ceilometer'],
        },
        service_credentials: serviceCredentials(settings),
      }),
      'etc/event_definitions.yaml':
        readFileSync(join(OWN_FILES, 'event_definitions.yaml'), 'utf8') + ours('event_definitions.yaml'),
      'etc/event_pipeline.yaml': ours('event_pipeline.yaml'),
    },
    schema: [],
    processes: {
      ceilometer: python(
        ...(['ceilometer-agent-notification', 'ceilometer.cmd.agent_notification', 'main'] as const),
        ...['--config-file', etcFile(settings, 'ceilometer.conf')],
      ),
    },
    catalog: [],
    queues: ['notifications.info'],
  };
};
