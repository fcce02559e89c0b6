import { type DependencyContainer, type InjectionToken } from 'tsyringe';
import { MachineClock } from '../../common/clock.js';
import { FenixError, messageOf } from '../../common/errors.js';
import { Logger } from '../../common/logger.js';
import { bindUrl, type Config, checkedPublicUrl } from '../../config/index.js';
import { type KeystoneCredentials, KeystoneSession } from '../../keystone-auth-middleware/index.js';
import { OpenStackCloud } from '../../openstack/index.js';
import { CloudPort } from '../../workflow/cloud-port.js';
import { ConfigToken, once } from './core.js';

/** The engine's own session at Keystone. */
export const EngineSessionToken: InjectionToken<KeystoneSession> = Symbol('EngineSession');

export function registerCloud(container: DependencyContainer): void {
  once(container, EngineSessionToken, (c) => {
    const config = c.resolve(ConfigToken);
    return new KeystoneSession(
      engineCredentials(config),
      endpointSettings(config),
      c.resolve<MachineClock>(MachineClock),
      c.resolve<Logger>(Logger),
    );
  });
  once<CloudPort>(container, CloudPort, (c) => {
    const { nova, default: common } = c.resolve(ConfigToken);
    return new OpenStackCloud(c.resolve(EngineSessionToken), {
      timeouts: { readS: nova.timeout, writeS: nova.timeout },
      adminProject: { name: common.workflowProject },
    });
  });
}

/** [service_user] wins over the workflow_ options of [DEFAULT] (v1 §7). @throws FenixError `config-invalid` */
function engineCredentials({ serviceUser, default: common, keystoneAuthtoken }: Config): KeystoneCredentials {
  const authUrl = serviceUser.osAuthUrl || keystoneAuthtoken.authUrl;
  if (authUrl === '') {
    const message = 'The engine does not know where Keystone is: set [service_user] os_auth_url.';
    throw new FenixError('input', 'config-invalid', message);
  }
  return {
    authUrl,
    username: serviceUser.osUsername || common.workflowUser,
    password: serviceUser.osPassword || common.workflowPassword,
    projectName: serviceUser.osProjectName || common.workflowProject,
    userDomainName: serviceUser.osUserDomainName,
    projectDomainName: serviceUser.osProjectDomainName,
  };
}

function endpointSettings({ nova, placement, aodh }: Config) {
  const overrides = { compute: nova, placement, alarming: aodh };
  const given = Object.entries(overrides).filter(([, { endpointOverride }]) => endpointOverride !== '');
  return {
    interface: nova.interface,
    timeoutS: nova.timeout,
    ...(nova.regionName !== '' && { region: nova.regionName }),
    endpointOverrides: Object.fromEntries(given.map(([type, { endpointOverride }]) => [type, endpointOverride])),
  };
}

/**
 * The address that goes into notices: configured, else the catalog's, else where the API listens (v1 §7).
 * @throws FenixError `public-url` when neither is known or it is too long for a reply_url
 */
export async function publicUrl(container: DependencyContainer): Promise<string> {
  const { default: common, nova } = container.resolve(ConfigToken);
  if (common.publicUrl !== '') return checkedPublicUrl(common.publicUrl);
  try {
    const region = nova.regionName === '' ? {} : { region: nova.regionName };
    const session = container.resolve(EngineSessionToken);
    return checkedPublicUrl(await session.endpoint({ serviceType: 'maintenance', interface: 'public', ...region }));
  } catch (error) {
    if (error instanceof FenixError && error.kind === 'missing') return checkedPublicUrl(bindUrl(common));
    const message = `The public URL is not known: set [DEFAULT] public_url, or mend this: ${messageOf(error)}`;
    throw new FenixError('terminal', 'public-url', message, { cause: error });
  }
}
