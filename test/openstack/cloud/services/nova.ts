import { join } from 'node:path';
import { ini } from '../ini.js';
import type { Command } from '../processes.js';
import { databaseUrl, folders, REGION } from '../settings.js';
import { authtoken, common, etcFile, policy, python, type ServiceOf, serviceCredentials } from './service.js';

export const nova: ServiceOf = (settings) => {
  const config = ['--config-file', etcFile(settings, 'nova.conf')];
  const manage = (...args: string[]): Command => ({ argv: ['/usr/bin/nova-manage', ...config, ...args] });
  const fakeHost = {
    FENIX_TEST_FAKE_HOST: folders(settings.home).fakeHost,
    FENIX_TEST_FAKE_VCPUS: String(settings.vcpus),
  };
  const compute = (host: string): Command => ({
    ...python('nova-compute', 'nova_compute', 'main', ...config, '--config-file', etcFile(settings, `${host}.conf`)),
    env: fakeHost,
  });
  const each = <Value>(entry: (host: string) => readonly [string, Value]): Record<string, Value> =>
    Object.fromEntries([...settings.computes, ...settings.spares].map(entry));
  return {
    name: 'nova',
    databases: ['nova_api', 'nova_cell0', 'nova_cell1'],
    files: {
      'etc/nova.conf': ini(authtoken(settings), common(settings, 'nova_cell1'), policy('nova'), {
        DEFAULT: {
          host: 'controller',
          my_ip: '127.0.0.1',
          osapi_compute_listen: '127.0.0.1',
          osapi_compute_listen_port: settings.ports.nova,
          osapi_compute_workers: 1,
          compute_driver: 'fake_host.Driver',
          // What stands in Placement is all there is, so that "no valid host" is easily had.
          cpu_allocation_ratio: '1.0',
          ram_allocation_ratio: '1.0',
          disk_allocation_ratio: '1.0',
          reserved_host_memory_mb: 0,
          // A host that is killed is down soon.
          report_interval: 5,
          service_down_time: 20,
          vif_plugging_is_fatal: false,
          vif_plugging_timeout: 0,
        },
        api_database: { connection: databaseUrl(settings, 'nova_api'), max_pool_size: 5 },
        compute: { live_migration_wait_for_vif_plug: false },
        image_cache: { manager_interval: -1 },
        wsgi: { api_paste_config: '/etc/nova/api-paste.ini' },
        conductor: { workers: 1 },
        scheduler: { workers: 1, discover_hosts_in_cells_interval: 5 },
        // Else the scheduler counts a server on the host that it left by live migration, for two minutes.
        filter_scheduler: { track_instance_changes: false },
        placement: serviceCredentials(settings),
        neutron: serviceCredentials(settings),
        glance: { region_name: REGION },
      }),
      ...each((host) => [
        `etc/${host}.conf`,
        ini({ DEFAULT: { host, state_path: join(settings.home, 'nova', host) } }),
      ]),
      ...each((host) => [`nova/${host}/.keep`, '']),
      'fake-host/.keep': '',
    },
    schema: [
      manage('api_db', 'sync'),
      manage('cell_v2', 'map_cell0', '--database_connection', databaseUrl(settings, 'nova_cell0')),
      manage('cell_v2', 'create_cell', '--name=cell1'),
      manage('db', 'sync'),
    ],
    processes: {
      'nova-conductor': python('nova-conductor', 'nova.cmd.conductor', 'main', ...config),
      'nova-scheduler': python('nova-scheduler', 'nova.cmd.scheduler', 'main', ...config),
      'nova-api': python('nova-api', 'nova.cmd.api_os_compute', 'main', ...config),
      ...each((host) => [`nova-${host}`, compute(host)]),
    },
    catalog: [{ type: 'compute', path: '/v2.1' }],
    queues: ['conductor', 'scheduler'],
  };
};
