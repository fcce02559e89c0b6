import type { ExecutionContext } from 'ava';
import { SystemMachineClock } from '../../../src/common/clock.js';
import { silentLogger } from '../../../src/common/logger.js';
import { KeystoneSession } from '../../../src/keystone-auth-middleware/index.js';
import { OpenStackCloud } from '../../../src/openstack/index.js';
import type { Stage } from '../../support/stage/stage.js';
import { becomes } from '../cloud/becomes.js';
import { TestCloud } from '../cloud/cloud.js';
import { EXTERNAL_NETWORK, IMAGE } from '../cloud/contents.js';
import { authUrl, PASSWORD, REGION } from '../cloud/settings.js';
import { Fenix } from './fenix.js';
import { NovaLists } from './nova-lists.js';
import { Stack } from './stack.js';

/** A port with a floating IP, and all that it needs. */
const NETWORK = {
  heat_template_version: '2017-02-24',
  resources: {
    network: { type: 'OS::Neutron::Net' },
    subnet: {
      type: 'OS::Neutron::Subnet',
      properties: { network: { get_resource: 'network' }, cidr: '10.30.0.0/24', enable_dhcp: false },
    },
    router: {
      type: 'OS::Neutron::Router',
      properties: { external_gateway_info: { network: EXTERNAL_NETWORK } },
    },
    interface: {
      type: 'OS::Neutron::RouterInterface',
      properties: { router: { get_resource: 'router' }, subnet: { get_resource: 'subnet' } },
    },
    port: {
      type: 'OS::Neutron::Port',
      depends_on: 'subnet',
      properties: { network: { get_resource: 'network' } },
    },
    floating: {
      type: 'OS::Neutron::FloatingIP',
      depends_on: 'interface',
      properties: { floating_network: EXTERNAL_NETWORK, port_id: { get_resource: 'port' } },
    },
  },
  outputs: { port: { value: { get_resource: 'port' } } },
};

const REASON = 'broken fan';

interface Scene {
  readonly cloud: TestCloud;
  readonly nova: NovaLists;
  readonly network: Stack;
  readonly aggregate: number;
  web: string;
  database: string;
}

/** What all tests of a process share, once one has asked for it. */
let opened: Promise<Scene> | undefined;

/** The cloud that `npm run test:openstack` has brought up, as the contract tests expect it. */
export async function realStage(t: ExecutionContext): Promise<Stage> {
  opened ??= open(t);
  const scene = await opened;
  const { cloud } = scene;
  cloud.wellAgain();
  for (const operation of ['cold', 'live'] as const) cloud.delay(operation, 3);
  await putBack(scene);
  const owner = cloud.as('demo');
  return {
    cloud: new OpenStackCloud(sessionOf(cloud, 'fenix', 'service'), { adminProject: { name: 'admin' } }),
    asOwner: new OpenStackCloud(sessionOf(cloud, 'demo', 'demo')),
    projectId: await owner.projectId(),
    web: scene.web,
    database: scene.database,
    ...(await imageAndFlavor(cloud)),
    becomes,
    setHostUp: (host, up) => setHostUp(cloud, host, up),
    async createAlarm(alarm) {
      const { alarm_id: id } = await owner.call<{ alarm_id: string }>('alarming', 'POST', '/v2/alarms', alarm);
      t.teardown(() => owner.call('alarming', 'DELETE', `/v2/alarms/${id}`));
    },
  };
}

/** To be called when all is over: the cloud is as it was. */
export async function leaveRealStage(): Promise<void> {
  if (opened === undefined) return;
  const scene = await opened;
  const { cloud, nova, network, aggregate, web, database } = scene;
  cloud.wellAgain();
  await remove(scene, [web, database]);
  for (const service of await nova.computes()) await nova.enable(service);
  await cloud.admin.call('compute', 'POST', `/os-aggregates/${aggregate}/action`, {
    remove_host: { host: 'compute-3' },
  });
  await cloud.admin.call('compute', 'DELETE', `/os-aggregates/${aggregate}`);
  await network.delete();
}

async function open(t: ExecutionContext): Promise<Scene> {
  const cloud = TestCloud.open();
  await Fenix.registered(t, cloud);
  const network = await Stack.create(cloud.as('demo'), 'contract', NETWORK);
  const wanted = { aggregate: { name: 'west', availability_zone: 'west' } };
  const { aggregate } = await cloud.admin.call<{ aggregate: { id: number } }>(
    'compute',
    'POST',
    '/os-aggregates',
    wanted,
  );
  await cloud.admin.call('compute', 'POST', `/os-aggregates/${aggregate.id}/action`, {
    add_host: { host: 'compute-3' },
  });
  return { cloud, nova: new NovaLists(cloud.admin), network, aggregate: aggregate.id, web: '', database: '' };
}

/** Servers that are not where and what they should be are made anew; services are as they were. */
async function putBack(at: Scene): Promise<void> {
  const { cloud, nova, web, database } = at;
  const servers = await nova.servers();
  const isRight = (id: string, status: string): boolean =>
    servers.some(
      (server) => server.id === id && server.status === status && server['OS-EXT-SRV-ATTR:host'] === 'compute-1',
    );
  const isAsItWas = isRight(web, 'ACTIVE') && isRight(database, 'SHUTOFF');
  const services = await nova.computes();
  for (const service of services)
    await (service.host === 'compute-3' ? nova.disable(service, REASON) : nova.enable(service));
  if (isAsItWas) return;
  await remove(
    at,
    [web, database].filter((id) => servers.some((server) => server.id === id)),
  );
  // While no other host may receive, all servers go to compute-1.
  const second = services.find(({ host }) => host === 'compute-2');
  if (second !== undefined) await nova.disable(second, 'for a moment');
  const port = (await at.network.outputs()).port;
  at.web = await boot(cloud, 'web', [{ port }]);
  at.database = await boot(cloud, 'database', 'none');
  await reaches(at, at.web, 'ACTIVE');
  await reaches(at, at.database, 'ACTIVE');
  if (second !== undefined) await nova.enable(second);
  for (const action of [{ 'os-stop': null }, { lock: null }]) {
    await cloud.as('demo').call('compute', 'POST', `/servers/${at.database}/action`, action);
    await reaches(at, at.database, 'SHUTOFF');
  }
}

async function boot(cloud: TestCloud, name: string, networks: unknown): Promise<string> {
  const owner = cloud.as('demo');
  const { image, flavor } = await imageAndFlavor(cloud);
  const server = { name, flavorRef: flavor, imageRef: image, networks };
  const answer = await owner.call<{ server: { id: string } }>(
    'compute',
    'POST',
    '/servers',
    { server },
    'compute 2.37',
  );
  return answer.server.id;
}

/** Their ids. */
async function imageAndFlavor(cloud: TestCloud): Promise<{ readonly image: string; readonly flavor: string }> {
  const owner = cloud.as('demo');
  const { flavors } = await owner.get<{ flavors: { id: string; name: string }[] }>('compute', '/flavors');
  const { images } = await owner.get<{ images: { id: string }[] }>('image', `/v2/images?name=${IMAGE}`);
  const flavor = flavors.find(({ name }) => name === 'small')?.id ?? '';
  return { image: images[0]?.id ?? '', flavor };
}

async function remove({ cloud, nova }: Scene, ids: readonly string[]): Promise<void> {
  for (const id of ids) await cloud.admin.call('compute', 'DELETE', `/servers/${id}`);
  await becomes(async () => !(await nova.servers()).some(({ id }) => ids.includes(id)), 'servers deleted');
}

async function reaches({ nova }: Scene, id: string, status: string): Promise<void> {
  await becomes(async () => (await nova.server(id)).status === status, `server ${id} ${status}`);
}

async function setHostUp(cloud: TestCloud, host: string, up: boolean): Promise<void> {
  const nova = new NovaLists(cloud.admin);
  if (up) cloud.startCompute(host);
  else await cloud.killCompute(host);
  const isSo = async (): Promise<boolean> =>
    (await nova.computes()).some((service) => service.host === host && service.state === (up ? 'up' : 'down'));
  await becomes(isSo, `${host} ${up ? 'up' : 'down'}`);
}

function sessionOf({ settings }: TestCloud, username: string, projectName: string): KeystoneSession {
  const credentials = { authUrl: authUrl(settings), username, password: PASSWORD, projectName };
  return new KeystoneSession(credentials, { region: REGION, timeoutS: 60 }, new SystemMachineClock(), silentLogger);
}
