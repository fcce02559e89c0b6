import 'reflect-metadata';
import type { ExecutionContext } from 'ava';
import type { NewSession, SessionDetail } from '../../src/client/index.js';
import { Embedded } from '../../src/cmd/embedded.js';
import { ScaledClock } from '../../src/common/clock.js';
import { HistoryRepository } from '../../src/db/history-repository.js';
import { generateTopology } from '../../src/simulator/index.js';
import { eventually } from '../support/eventually.js';
import { PrivateHost, sshTest } from '../support/private-host.js';

/* Whole sessions whose action plug-ins run programs over SSH: the hosts are simulated, and all of them are one sshd. */

/** A host that does not answer costs real seconds, in which simulated time must not run out. */
const SPEED = 20;

/** Two ways to the one sshd: names that an operator's ssh_config knows, and the address that Nova has. */
function byName(host: PrivateHost): Record<string, string> {
  host.write('ssh_config', `Host compute-*\n  HostName 127.0.0.1\n  Port ${host.port}\n  HostKeyAlias all\n`);
  host.write('known_hosts', `all ${host.read('host_key.pub')}`);
  return { ssh_config: host.path('ssh_config') };
}

const byIp = ({ port }: PrivateHost) => ({ address: '{host_ip}', port: String(port), ssh_config: '/dev/null' });

async function aSession(t: ExecutionContext, host: PrivateHost, actions: NewSession['actions'], way = byName) {
  t.timeout(240_000);
  const { user, privateKey } = host.settings();
  const system = await Embedded.start({
    topology: generateTopology({ hosts: 2, instances: 0, projects: 1, seed: 1, controllers: 0 }),
    clock: new ScaledClock(SPEED),
    options: {
      remote: {
        user,
        private_key: privateKey,
        known_hosts: host.path('known_hosts'),
        connect_timeout: 60,
        ...way(host),
      },
    },
  });
  t.teardown(() => system.stop());
  await system.startEngine();
  const maintenanceAt = new Date(Date.now() + 1000).toISOString().slice(0, 19).replace('T', ' ');
  const id = await system.client.create({
    state: 'MAINTENANCE',
    maintenance_at: maintenanceAt,
    metadata: {},
    ...(actions && { actions }),
  });
  let detail: SessionDetail | undefined;
  await eventually(
    async () => {
      detail = await system.client.detail(id);
      return ['MAINTENANCE_DONE', 'MAINTENANCE_FAILED'].includes(detail.state);
    },
    'the end of the session',
    200,
    200,
  );
  const history = await new HistoryRepository(system.database).list(id);
  return { detail, ended: history.filter(({ what }) => what === 'plug-in-ended').map(({ details }) => details) };
}

sshTest('a session runs a program on each of its hosts, and its history has what that printed', async (t) => {
  const host = await PrivateHost.start(t);
  const argv = ['sh', '-c', `echo "$1" >> ${host.path('done')}; echo "maintained; $1"`, 'sh', 'a $(id) b'];
  const { detail, ended } = await aSession(t, host, [{ plugin: 'command', type: 'host', metadata: { argv } }]);
  t.is(detail?.state, 'MAINTENANCE_DONE');
  t.is(host.read('done'), 'a $(id) b\na $(id) b\n');
  t.is(ended.length, 2);
  for (const one of ended) t.like(one, { state: 'DONE', output: 'maintained; a $(id) b\n', facts: { exit_code: 0 } });
});

sshTest('a session whose program fails on a host says which, and why', async (t) => {
  const host = await PrivateHost.start(t);
  const argv = ['sh', '-c', 'echo "no such slot" >&2; exit 4'];
  const { detail, ended } = await aSession(t, host, [{ plugin: 'command', type: 'host', metadata: { argv } }], byIp);
  t.is(detail?.state, 'MAINTENANCE_FAILED');
  t.regex(
    detail?.reason?.message ?? '',
    /Plug-in command \(host\) failed on compute-\d: .* ended with exit code 4 on compute-\d: no such slot/,
  );
  t.is(ended.length, 1);
});

sshTest('an action that needs a host fails where there is none, before any host is touched', async (t) => {
  const host = await PrivateHost.start(t);
  const { detail } = await aSession(t, host, [{ plugin: 'command', type: 'pre', metadata: { argv: ['true'] } }]);
  t.is(detail?.state, 'MAINTENANCE_FAILED');
  t.regex(detail?.reason?.message ?? '', /Actions of type pre and post have no host to run programs on\./);
});
