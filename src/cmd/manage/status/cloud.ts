import { randomUUID } from 'node:crypto';
import type { DependencyContainer } from 'tsyringe';
import { FenixError } from '../../../common/errors.js';
import type { KeystoneSession } from '../../../keystone-auth-middleware/index.js';
import { NOVA_NEEDS, PLACEHOLDER_NEEDS, PLACEMENT_NEEDS, ServiceApi } from '../../../openstack/index.js';
import { CloudPort } from '../../../workflow/cloud-port.js';
import { EngineSessionToken } from '../../wiring/cloud.js';
import { ConfigToken } from '../../wiring/core.js';
import { apiSession } from '../../wiring/keystone.js';
import { type Check, type Finding, failure, success, warning } from './check.js';

const RIGHTS = 'Give the user of [service_user] role admin, or the rights that docs/openstack.md lists.';
const SEE_CATALOG =
  'Mend the catalog (openstack endpoint list), or region_name, interface or endpoint_override of the section.';

/** The cloud as the engine and the API meet it, with their own credentials. */
export function cloudChecks(parts: DependencyContainer): Check[] {
  const session = (): KeystoneSession => parts.resolve(EngineSessionToken);
  const cloud = (): CloudPort => parts.resolve<CloudPort>(CloudPort);
  const { nova, placement, workflow } = parts.resolve(ConfigToken);
  const holdsRoom = workflow.holdRoom === 'placeholders';
  const api = (type: string, seconds: number): ServiceApi =>
    new ServiceApi(session(), { readS: seconds, writeS: seconds }, type);
  return [
    {
      name: 'Keystone: engine',
      remedy: 'Mend [service_user], or the user in Keystone ("fenix-manage register").',
      run: async () => {
        const { userName, projectName, roles } = await session().identity();
        return success(`User ${userName} in project ${projectName}, with role ${roles.join(', ')}.`);
      },
    },
    {
      name: 'Keystone: API',
      after: 'Keystone: engine',
      remedy: 'Mend [keystone_authtoken], or give its user role service ("fenix-manage register").',
      run: () => validates(apiSession(parts), session()),
    },
    { name: 'Catalog', after: 'Keystone: engine', remedy: SEE_CATALOG, run: () => checkCatalog(session(), parts) },
    {
      name: 'Nova: microversions',
      after: 'Keystone: engine',
      remedy: 'Mend the address of Nova, or upgrade Nova.',
      run: () => checkVersions(api('compute', nova.timeout), NOVA_NEEDS, 'Upgrade Nova, or use an older Fenix.'),
    },
    {
      name: 'Nova: rights',
      after: 'Nova: microversions',
      remedy: RIGHTS,
      run: async () => {
        const services = await cloud().services();
        await Promise.all([cloud().aggregates(), cloud().ironicHosts()]);
        const compute = services.find(({ binary }) => binary === 'nova-compute');
        if (compute === undefined) {
          return warning('Nova has no compute host.', 'Nothing is to be done if the cloud is still empty.');
        }
        await cloud().occupants(compute.host);
        return success(`Services, servers and migrations of all projects are seen, e.g. on ${compute.host}.`);
      },
    },
    {
      name: 'Placement',
      after: 'Keystone: engine',
      remedy: RIGHTS,
      run: async () => {
        const found = await checkVersions(
          api('placement', placement.timeout),
          holdsRoom ? [...PLACEMENT_NEEDS, ...PLACEHOLDER_NEEDS] : PLACEMENT_NEEDS,
          'Upgrade Placement, or use an older Fenix.',
        );
        if (found.result !== 'Success') return found;
        const [host] = await cloud().capacities();
        if (host === undefined) {
          return warning('Placement has no compute node.', 'Nothing is to be done if the cloud is still empty.');
        }
        await cloud().proves(host.host, { vcpus: 1, memoryMb: 0, diskGb: 0 });
        const asked = `${found.details} Room can be asked for, e.g. on ${host.host}.`;
        if (!holdsRoom) return success(asked);
        // Of nobody: what Placement says is only whether we may.
        const nobody = randomUUID();
        await cloud().holdsRoom(nobody);
        await cloud().letRoomGo(nobody);
        return success(`${asked} Allocations can be read and given up.`);
      },
    },
    { name: 'Aodh', after: 'Keystone: engine', remedy: RIGHTS, run: () => checkAlarms(cloud()) },
  ];
}

/** As the API does with every request. */
async function validates(own: KeystoneSession, other: KeystoneSession): Promise<Finding> {
  const { userName } = await own.identity();
  const headers = { 'X-Subject-Token': await other.authToken() };
  await own.request({ serviceType: 'identity', path: '/auth/tokens', headers });
  return success(`User ${userName} may validate tokens.`);
}

async function checkCatalog(session: KeystoneSession, parts: DependencyContainer): Promise<Finding> {
  const { publicUrl } = parts.resolve(ConfigToken).default;
  for (const serviceType of ['compute', 'placement', 'alarming']) await session.endpoint({ serviceType });
  const registered = await endpointOf(session);
  const remedy = 'Run "fenix-manage register".';
  if (registered === undefined) {
    const sentence = 'The catalog has no public endpoint of type maintenance';
    return publicUrl === ''
      ? failure(`${sentence}, and [DEFAULT] public_url is not set: notices would name an address of no use.`, remedy)
      : warning(`${sentence}: clients cannot find the API.`, remedy);
  }
  if (publicUrl !== '' && registered !== publicUrl) {
    return warning(`The catalog says ${registered}, [DEFAULT] public_url ${publicUrl}.`, remedy);
  }
  return success(`compute, placement, alarming, and maintenance at ${registered}.`);
}

async function endpointOf(session: KeystoneSession): Promise<string | undefined> {
  try {
    return await session.endpoint({ serviceType: 'maintenance', interface: 'public' });
  } catch (error) {
    if (error instanceof FenixError && error.code === 'endpoint-missing') return undefined;
    throw error;
  }
}

async function checkVersions(api: ServiceApi, needs: typeof NOVA_NEEDS, remedy: string): Promise<Finding> {
  const lacking: string[] = [];
  for (const need of needs) {
    const message = await api.versions.meet(need).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof FenixError && error.code === 'cloud-too-old') return error.message;
        throw error;
      },
    );
    if (message !== undefined) lacking.push(message);
  }
  if (lacking.length > 0) return failure(lacking.join(' '), remedy);
  return success(`${await api.versions.describe()}.`);
}

async function checkAlarms(cloud: CloudPort): Promise<Finding> {
  const alarms = await cloud.eventAlarms();
  const count = new Set(alarms.map(({ projectId }) => projectId)).size;
  return success(`Event alarms of all projects are seen; ${count} project(s) have some with an action.`);
}
