import type { Rest } from './rest.js';
import type { CloudSettings } from './settings.js';

/** By name; all with a disk, as Nova boots no image without one. */
const FLAVORS = { tiny: { vcpus: 1, ram: 64 }, small: { vcpus: 2, ram: 512 }, large: { vcpus: 4, ram: 1024 } };
export const IMAGE = 'image';
export const EXTERNAL_NETWORK = 'external';

/** What servers need: flavors, an image, an external network; and quotas that no test reaches. */
export async function fillCloud(admin: Rest, settings: CloudSettings): Promise<void> {
  const quota = {
    cores: 10 * settings.vcpus * (settings.computes.length + settings.spares.length),
    instances: 100,
    ram: 500_000,
  };
  const flavors = Object.entries(FLAVORS).map(async ([name, size]) => {
    await admin.call('compute', 'POST', '/flavors', { flavor: { name, disk: 1, ...size } });
  });
  await Promise.all([
    ...flavors,
    admin.call('compute', 'PUT', '/os-quota-class-sets/default', { quota_class_set: quota }),
    addImage(admin),
    addNetwork(admin),
  ]);
}

async function addImage(admin: Rest): Promise<void> {
  const image = { name: IMAGE, disk_format: 'raw', container_format: 'bare', visibility: 'public' };
  const { id } = await admin.call<{ id: string }>('image', 'POST', '/v2/images', image);
  await admin.upload('image', `/v2/images/${id}/file`, '\0'.repeat(1024));
}

async function addNetwork(admin: Rest): Promise<void> {
  const wanted = { name: EXTERNAL_NETWORK, 'router:external': true };
  const { network } = await admin.call<{ network: { id: string } }>('network', 'POST', '/v2.0/networks', {
    network: wanted,
  });
  const subnet = { network_id: network.id, ip_version: 4, cidr: '172.24.4.0/24', enable_dhcp: false };
  await admin.call('network', 'POST', '/v2.0/subnets', { subnet });
}
