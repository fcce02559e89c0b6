import { type MachineClock, SystemMachineClock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import type { Values } from '../config/index.js';
import { KeystoneSession } from '../keystone-auth-middleware/index.js';
import type { Simulator } from '../simulator/index.js';
import { CONTROL_EXCHANGE } from './ceilometer.js';

/** What an operator would write for a simulated cloud, but for the addresses of database and broker. */
export function operatorOptions({ authUrl, serviceCredentials }: Simulator): Values {
  const { username, password, projectName } = serviceCredentials;
  const keystone = { auth_url: authUrl, username, password, project_name: projectName };
  return {
    DEFAULT: { host: '127.0.0.1', port: 0, control_exchange: CONTROL_EXCHANGE },
    service_user: {
      os_auth_url: authUrl,
      os_username: username,
      os_password: password,
      os_project_name: projectName,
    },
    keystone_authtoken: { ...keystone, interface: 'public' },
    nova: { interface: 'public', timeout: 30 },
    placement: { interface: 'public' },
    aodh: { interface: 'public' },
  };
}

/** The simulated cloud's admin. */
export function adminOf(
  { authUrl, adminCredentials }: Simulator,
  log: Logger,
  machine: MachineClock = new SystemMachineClock(),
): KeystoneSession {
  return new KeystoneSession({ authUrl, ...adminCredentials }, {}, machine, log);
}
