import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { TestCloud } from './cloud/cloud.js';
import { environment } from './cloud/environment.js';
import { authUrl, PASSWORD } from './cloud/settings.js';
import { Fenix } from './support/fenix.js';

/* Debian's own clients, as people have them on the machine from which they look after a cloud. */
const PYTHON = '/usr/bin/python3';
const PEER = fileURLToPath(new URL('../../../test/support/keystoneauth-peer.py', import.meta.url));
const run = promisify(execFile);

test('the openstack command line finds the service in the catalog, and its versions by discovery', async (t) => {
  const cloud = TestCloud.open();
  const fenix = await Fenix.install(t, cloud);
  const openstack = async (...args: string[]) => {
    const env = { ...environment(cloud.settings.home), ...fenix.admin };
    return JSON.parse((await run('openstack', [...args, '-f', 'json'], { env })).stdout);
  };
  t.like(await openstack('service', 'show', 'maintenance'), { type: 'maintenance', name: 'fenix', enabled: true });
  const found = await openstack('endpoint', 'list', '--service', 'maintenance', '--interface', 'public');
  t.deepEqual(
    found.map((endpoint: Record<string, unknown>) => endpoint.URL),
    [fenix.url],
  );
  const versions = await openstack('versions', 'show', '--service', 'maintenance', '--interface', 'public');
  t.like(versions[0], {
    'Service Type': 'maintenance',
    Version: '1.0',
    Status: 'CURRENT',
    'Min Microversion': '1.0',
    'Max Microversion': '1.1',
  });
  t.is(versions.length, 1);
});

test("keystoneauth1 GETs from the service with a session of the cloud's Keystone", async (t) => {
  const cloud = TestCloud.open();
  const fenix = await Fenix.install(t, cloud);
  const ask = async (user: string, microversion: string) => {
    const args = [PEER, authUrl(cloud.settings), user, PASSWORD, user, '/maintenance', microversion];
    return JSON.parse((await run(PYTHON, args, { env: environment(cloud.settings.home) })).stdout);
  };
  t.like(await ask('admin', '-'), {
    endpoint: fenix.url,
    api_version: [1, 0],
    max_microversion: [1, 1],
    status: 200,
    used: 'maintenance 1.0',
    body: { sessions: [] },
  });
  t.like(await ask('admin', '1.1'), { status: 200, used: 'maintenance 1.1', body: { sessions: [], next: null } });
  t.like(await ask('demo', '-'), { status: 403, error: 'Forbidden' });
});
