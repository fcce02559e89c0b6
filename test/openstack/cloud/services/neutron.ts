import { ini } from '../ini.js';
import { authtoken, common, etcFile, policy, python, type ServiceOf, serviceCredentials } from './service.js';

/** Neutron without agents: ports are bound by a driver of ours, found as an installed package's entry point. */
export const neutron: ServiceOf = (settings) => {
  const config = ['--config-file', etcFile(settings, 'neutron.conf')];
  return {
    name: 'neutron',
    databases: ['neutron'],
    files: {
      'etc/neutron.conf': ini(authtoken(settings), common(settings, 'neutron'), policy('neutron'), {
        DEFAULT: {
          bind_host: '127.0.0.1',
          bind_port: settings.ports.neutron,
          core_plugin: 'ml2',
          service_plugins: 'router',
          api_workers: 0,
          rpc_workers: 1,
          rpc_state_report_workers: 0,
          api_paste_config: '/etc/neutron/api-paste.ini',
          dhcp_agent_notification: false,
        },
        ml2: {
          type_drivers: 'local',
          tenant_network_types: 'local',
          mechanism_drivers: 'bound_at_once',
          extension_drivers: 'port_security',
        },
        nova: serviceCredentials(settings),
      }),
      'python/fenix_test_cloud.egg-info/PKG-INFO': 'Metadata-Version: 1.0\nName: fenix_test_cloud\nVersion: 1\n',
      'python/fenix_test_cloud.egg-info/entry_points.txt': ini({
        'neutron.ml2.mechanism_drivers': { bound_at_once: 'port_binding:Driver' },
      }),
    },
    schema: [{ argv: ['/usr/bin/neutron-db-manage', ...config, 'upgrade', 'heads'] }],
    processes: { neutron: python('neutron-server', 'neutron.cmd.eventlet.server', 'main', ...config) },
    catalog: [{ type: 'network', path: '' }],
    queues: [],
  };
};
