import { createHash } from 'node:crypto';
import type { Cloud } from '../../cloud.js';
import { type Flavor, type Instance, statusOf } from '../../records.js';
import { seconds, wholeMicros } from '../wire.js';

/** For whom and in which microversion (2.`minor`) a server is shown. */
export interface ServerLens {
  readonly minor: number;
  readonly admin: boolean;
}

const IMAGE_ID = '7ce9c001-4ce6-4c0e-a143-4d0f0ba22768';

/**
 * A server's JSON text. Records of instances never change in place, so that a text is made once for each record: the
 * bulk polls of a maintenance session are joined from these.
 */
export class ServerViews {
  private readonly texts = new WeakMap<Instance, Map<string, string>>();

  constructor(
    private readonly cloud: Cloud,
    private readonly base: () => string,
  ) {}

  text(instance: Instance, lens: ServerLens): string {
    const known = this.texts.get(instance) ?? new Map<string, string>();
    this.texts.set(instance, known);
    const key = `${lens.minor}${lens.admin ? 'a' : ''}`;
    const text = known.get(key) ?? JSON.stringify(this.view(instance, lens));
    known.set(key, text);
    return text;
  }

  links(id: string): object[] {
    const base = this.base();
    return [
      { rel: 'self', href: `${base}/servers/${id}` },
      { rel: 'bookmark', href: `${base.replace(/\/v2\.1$/, '')}/servers/${id}` },
    ];
  }

  private view(instance: Instance, lens: ServerLens): object {
    const status = statusOf(instance);
    const host = this.cloud.hosts.get(instance.host ?? '');
    return {
      id: instance.id,
      name: instance.name,
      status,
      tenant_id: instance.projectId,
      user_id: instance.userId,
      metadata: {},
      hostId: instance.host === null ? '' : hostId(instance.projectId, instance.host),
      image: { id: IMAGE_ID, links: [this.bookmark('images', IMAGE_ID)] },
      flavor: this.flavor(instance.flavor, lens),
      created: seconds(instance.created),
      updated: seconds(instance.updated),
      addresses: addresses(instance),
      accessIPv4: '',
      accessIPv6: '',
      links: this.links(instance.id),
      'OS-DCF:diskConfig': 'MANUAL',
      ...(instance.fault === null ? {} : { fault: fault(instance, lens) }),
      ...(status === 'ERROR' || status === 'SHUTOFF' ? {} : { progress: 0 }),
      'OS-EXT-AZ:availability_zone': host?.zone ?? '',
      config_drive: '',
      key_name: null,
      'OS-SRV-USG:launched_at': instance.launched === null ? null : wholeMicros(instance.launched),
      'OS-SRV-USG:terminated_at': null,
      ...(lens.admin ? adminAttributes(instance, host?.nodeName ?? instance.host, lens) : {}),
      'OS-EXT-STS:task_state': instance.taskState,
      'OS-EXT-STS:vm_state': instance.vmState,
      'OS-EXT-STS:power_state': powerState(instance),
      'os-extended-volumes:volumes_attached': [],
      ...laterAttributes(instance, lens),
      ...(lens.admin && lens.minor >= 16 && host !== undefined ? { host_status: host.up ? 'UP' : 'DOWN' } : {}),
      ...(instance.host === null ? {} : { security_groups: [{ name: 'default' }] }),
    };
  }

  private bookmark(kind: string, id: string): object {
    return { rel: 'bookmark', href: `${this.base().replace(/\/v2\.1$/, '')}/${kind}/${id}` };
  }

  private flavor(flavor: Flavor, { minor }: ServerLens): object {
    if (minor < 47) return { id: flavor.id, links: [this.bookmark('flavors', flavor.id)] };
    const { vcpus, memoryMb: ram, diskGb: disk, name } = flavor;
    return { vcpus, ram, disk, ephemeral: 0, swap: 0, original_name: name, extra_specs: {} };
  }
}

function hostId(projectId: string, host: string): string {
  return createHash('sha224')
    .update(projectId + host)
    .digest('hex');
}

function addresses({ fixedIp, floatingIp, number, host, networks, addresses: each }: Instance): object {
  if (host === null || networks === 0) return {};
  const mac = `fa:16:3e:${[number >> 16, number >> 8, number].map((byte) => (byte & 255).toString(16).padStart(2, '0')).join(':')}`;
  const address = (addr: string, type: string): object => ({
    version: 4,
    addr,
    'OS-EXT-IPS:type': type,
    'OS-EXT-IPS-MAC:mac_addr': mac,
  });
  const floating = floatingIp === null ? [] : [address(floatingIp, 'floating')];
  const fixed = (network: number): object[] =>
    Array.from({ length: each }, (_, index) =>
      address(fixedIp.replace(/^10\.10/, `10.${10 + network + 100 * index}`), 'fixed'),
    );
  const others = Array.from(
    { length: networks - 1 },
    (_, index) => [`private-${index + 2}`, fixed(index + 1)] as const,
  );
  return { private: [...fixed(0), ...floating], ...Object.fromEntries(others) };
}

/** The traceback is for admins only; what Nova prints of it nobody may depend on. */
function fault({ fault: message, updated }: Instance, { admin }: ServerLens): object {
  return { code: 500, created: seconds(updated), message, ...(admin ? { details: '' } : {}) };
}

function adminAttributes(instance: Instance, node: string | null, { minor }: ServerLens): object {
  return {
    'OS-EXT-SRV-ATTR:host': instance.host,
    'OS-EXT-SRV-ATTR:instance_name': `instance-${instance.number.toString(16).padStart(8, '0')}`,
    'OS-EXT-SRV-ATTR:hypervisor_hostname': node,
    ...(minor < 3
      ? {}
      : {
          'OS-EXT-SRV-ATTR:reservation_id': `r-${instance.id.slice(0, 8)}`,
          'OS-EXT-SRV-ATTR:launch_index': 0,
          'OS-EXT-SRV-ATTR:hostname': instance.name,
          'OS-EXT-SRV-ATTR:kernel_id': '',
          'OS-EXT-SRV-ATTR:ramdisk_id': '',
          'OS-EXT-SRV-ATTR:root_device_name': '/dev/sda',
          'OS-EXT-SRV-ATTR:user_data': null,
        }),
  };
}

/** What newer microversions show to everybody. */
function laterAttributes(instance: Instance, { minor, admin }: ServerLens): object {
  return {
    ...(minor >= 90 && !admin ? { 'OS-EXT-SRV-ATTR:hostname': instance.name } : {}),
    ...(minor >= 9 ? { locked: instance.locked } : {}),
    ...(minor >= 73 ? { locked_reason: null } : {}),
    ...(minor >= 19 ? { description: instance.name } : {}),
    ...(minor >= 26 ? { tags: [] } : {}),
    ...(minor >= 63 ? { trusted_image_certificates: null } : {}),
  };
}

/** NOSTATE, RUNNING or SHUTDOWN. */
function powerState({ vmState, running }: Instance): number {
  if (running) return 1;
  return vmState === 'stopped' || vmState === 'resized' ? 4 : 0;
}
