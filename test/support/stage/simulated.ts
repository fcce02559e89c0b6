import type { ExecutionContext } from 'ava';
import { ManualClock, plusSeconds, SystemMachineClock } from '../../../src/common/clock.js';
import { silentLogger } from '../../../src/common/logger.js';
import { KeystoneSession } from '../../../src/keystone-auth-middleware/index.js';
import { OpenStackCloud } from '../../../src/openstack/index.js';
import { startSimulator, type Topology } from '../../../src/simulator/index.js';
import { ROOM, SMALL, type Stage } from './stage.js';

export const id = (number: number): string => `00000000-0000-4000-8000-00000000000${number}`;

/** Domain seconds that nothing here takes. */
const PATIENCE_S = 60;

const PROJECT = '0123456789abcdef0123456789abcdef';
const topology: Topology = {
  timings: { liveMigrationEnd: 1 },
  flavors: [{ name: 'small', ...SMALL }],
  hosts: [
    { name: 'compute-1', ...ROOM },
    { name: 'compute-2', ...ROOM },
    { name: 'compute-3', ...ROOM, zone: 'west', enabled: false, disabledReason: 'broken fan' },
  ],
  controllers: ['controller'],
  projects: [
    {
      name: 'demo',
      id: PROJECT,
      instances: [
        { name: 'web', id: id(1), flavor: 'small', host: 'compute-1', floatingIp: true },
        { name: 'database', id: id(2), flavor: 'small', host: 'compute-1', state: 'SHUTOFF', locked: true },
      ],
    },
  ],
};

/** The simulated cloud, whose time stands still until it is let pass. */
export async function simulatedStage(t: ExecutionContext, changes: Partial<Topology> = {}): Promise<Stage> {
  const clock = new ManualClock();
  const simulator = await startSimulator({ topology: { ...topology, ...changes }, clock });
  t.teardown(() => simulator.stop());
  const sessionOf = (user: object): KeystoneSession => {
    const credentials = { ...simulator.serviceCredentials, ...user, authUrl: simulator.authUrl };
    return new KeystoneSession(credentials, { region: 'RegionOne' }, new SystemMachineClock(), silentLogger);
  };
  const owner = sessionOf(simulator.tenantCredentials('demo'));
  return {
    cloud: new OpenStackCloud(sessionOf({}), { adminProject: { name: 'admin' } }),
    asOwner: new OpenStackCloud(owner),
    projectId: PROJECT,
    web: id(1),
    database: id(2),
    image: 'cirros',
    flavor: 'small',
    async becomes(holds, what) {
      for (const limit = plusSeconds(clock.now(), PATIENCE_S); !(await holds()); ) {
        if (clock.now() > limit) throw new Error(`${what} did not come about`);
        clock.advanceTo(plusSeconds(clock.now(), 1));
      }
    },
    async setHostUp(host, up) {
      simulator.setHostUp(host, up);
    },
    async createAlarm(alarm) {
      await owner.request({ serviceType: 'alarming', method: 'POST', path: '/v2/alarms', body: alarm });
    },
  };
}
