import { type DependencyContainer, type InjectionToken } from 'tsyringe';
import { FenixError, messageOf } from '../../common/errors.js';
import { bindUrl, checkedPublicUrl } from '../../config/index.js';
import type { KeystoneSession } from '../../keystone-auth-middleware/index.js';
import { OpenStackCloud } from '../../openstack/index.js';
import { CloudPort } from '../../workflow/cloud-port.js';
import { ConfigToken, once } from './core.js';
import { engineSession } from './keystone.js';

/** The engine's own session at Keystone. */
export const EngineSessionToken: InjectionToken<KeystoneSession> = Symbol('EngineSession');

export function registerCloud(container: DependencyContainer): void {
  once(container, EngineSessionToken, engineSession);
  once<CloudPort>(container, CloudPort, (c) => {
    const { nova, placement, aodh, masakari, default: common } = c.resolve(ConfigToken);
    const both = ({ timeout }: { readonly timeout: number }) => ({ readS: timeout, writeS: timeout });
    return new OpenStackCloud(c.resolve(EngineSessionToken), {
      timeouts: {
        compute: both(nova),
        placement: both(placement),
        alarming: both(aodh),
        identity: both(nova),
        'instance-ha': both(masakari),
      },
      adminProject: { name: common.workflowProject },
    });
  });
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
