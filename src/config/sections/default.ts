import { allowedHostsProblem } from '../../common/allowed-hosts.js';
import { choice, flag, integer, list, number, text } from '../options.js';
import { publicUrlProblem } from '../public-url.js';

function proxyProblem(url: string): string | undefined {
  return url === '' || (/^http:\/\//.test(url) && URL.canParse(url)) ? undefined : 'an http:// URL';
}

/** [DEFAULT]: the service itself, its sessions and the time-outs of what it does. */
export const DEFAULT = {
  doc: 'The service itself, its sessions, and how long it waits for what.',
  options: {
    host: text('127.0.0.1', 'Address that the API listens on.'),
    port: integer(12347, 'Port that the API listens on.', { min: 0, max: 65535 }),
    public_url: text(
      '',
      "URL under which clients and project managers reach the API, up to and including /v1. Empty: the catalog's " +
        'public URL of service type maintenance, else http://<host>:<port>/v1.',
      { check: (url) => (url === '' ? undefined : publicUrlProblem(url)) },
    ),
    transport_url: text(
      'rabbit://',
      'Message broker, as oslo.messaging writes it: rabbit://user:password@host:port[,…]/virtual_host; or memory:// ' +
        'for everything in one process.',
      { secret: 'url' },
    ),
    control_exchange: text('openstack', 'Exchange for RPC and notifications.'),
    rpc_response_timeout: number(60, 'Seconds to wait for the answer to an RPC call.', { min: 0.001 }),
    executor_thread_pool_size: integer(64, 'RPC requests that a process handles at the same time.', { min: 1 }),
    rpc_ping_enabled: flag(false, 'Answer oslo_rpc_server_ping, by which probes see that an RPC server is alive.'),
    debug: flag(false, 'Log everything; wins over log_level.'),
    log_level: choice(['debug', 'info', 'warning', 'error'], 'info', 'The least severe messages that are logged.'),
    log_format: choice(['text', 'json'], 'text', 'text for people; json for one object per line.'),
    graceful_shutdown_timeout: number(60, 'Seconds that a stopping process may take to end what it does.'),
    workflow_user: text('admin', 'User of the service, unless [service_user] names one. Environment: OS_USERNAME.'),
    workflow_password: text('admin', 'Its password. Environment: OS_PASSWORD.', { secret: 'value' }),
    workflow_project: text(
      'admin',
      'Its project; notifications to the admin carry the id of this project. Environment: OS_PROJECT_NAME.',
    ),
    max_sessions: integer(0, 'Limit of unfinished sessions; 0 = no limit.'),
    project_maintenance_reply: number(40, 'Seconds that a project has for its reply to a notice.', { min: 1 }),
    project_scale_in_reply: number(60, 'The same for SCALE_IN and MAINTENANCE_COMPLETE.', { min: 1 }),
    notify_retries: integer(2, 'How often a notice without reply is repeated.'),
    scale_in_no_gain_rounds: integer(3, 'Rounds of SCALE_IN without gained room before the session fails.', { min: 1 }),
    max_parallel_hosts: integer(
      10,
      'Compute hosts in work at the same time, unless the session has a limit of its own.',
      {
        min: 1,
      },
    ),
    max_parallel_controllers: integer(
      1,
      "Controllers in work at the same time, likewise; never more than a minority of the cloud's.",
      { min: 1 },
    ),
    live_migration_retries: integer(5, 'How often a live migration that failed is tried again.'),
    live_migration_wait_time: number(
      600,
      'Seconds for a live migration of an instance without constraints, from when it runs.',
      { min: 1 },
    ),
    live_migration_timeout_action: choice(
      ['abort', 'force_complete'],
      'abort',
      'What is done with one that outlasted that, as Nova names it. Forced, it pauses the instance (or goes on after the ' +
        'copy) until it has ended; what does not end even so is aborted.',
    ),
    cold_migration_timeout: number(600, 'Seconds for a cold migration.', { min: 1 }),
    own_action_timeout: number(600, 'Seconds that a project has for its own action.', { min: 1 }),
    action_plugin_timeout: number(3600, 'Seconds for an action plug-in that declares no limit.', { min: 1 }),
    busy_timeout: number(
      1800,
      'Seconds that a wait is extended at most for a project that is acting, and that a live migration may queue in Nova.',
      { min: 1 },
    ),
    blocked_timeout: number(3600, 'Seconds after which a wait for a constraint fails the session.', { min: 1 }),
    plugin_path: list([], 'Where else plug-ins are looked for: directories (beginning with / or .) and npm packages.'),
    local_cache_dir: text('/var/lib/fenix', 'A private directory of the service, for what sessions download.'),
    download_allowed_hosts: {
      ...list(
        [],
        'Hosts that sessions may download from, for API and engine: names or addresses, with a port where it is not the ' +
          "scheme's own; empty = downloads are off.",
      ),
      check: allowedHostsProblem,
    },
    download_require_sha256: flag(true, 'Refuse downloads whose URL does not end in #sha256=<hex>.'),
    download_require_https: flag(true, 'Refuse downloads over plain http.'),
    download_max_size: integer(1024 ** 3, 'Bytes that a download may have, packed as well as unpacked.', { min: 1 }),
    download_max_entries: integer(10_000, 'Files and directories that a downloaded archive may hold.', { min: 1 }),
    download_timeout: number(600, 'Seconds for one download, tries and unpacking together.', { min: 1 }),
    download_cafile: text(
      '',
      "PEM file of the authorities that servers of downloads are known by; empty: Node.js's own.",
    ),
    download_proxy: text(
      '',
      'URL of an HTTP proxy that downloads go through. Empty: none; that of the environment is never used.',
      { secret: 'url', check: proxyProblem },
    ),
  },
  retired: ['api_config', 'db_driver'],
} as const;
