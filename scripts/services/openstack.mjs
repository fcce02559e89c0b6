// A small OpenStack of our own for tests: real services with fake hypervisors, in a temporary folder, gone afterwards.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { needPrograms } from '../lib/debian.mjs';
import { endOf, freePorts } from '../lib/server.mjs';

export const name = 'OpenStack';
/** The tests' variable: the folder of a cloud that runs. */
export const variable = 'FENIX_TEST_OPENSTACK';

/** Libraries and command line tools rather than the packages that would start services. */
const PACKAGES = [
  ...['uwsgi-core', 'uwsgi-plugin-python3'],
  ...['python3-keystone', 'python3-placement', 'python3-nova', 'nova-common', 'python3-glance', 'glance-common'],
  ...['python3-neutron', 'neutron-common', 'python3-aodh', 'python3-ceilometer', 'python3-heat', 'heat-common'],
  ...['python3-openstackclient', 'curl'],
];

/** Services that are given a port each. */
const LISTENING = ['keystone', 'placement', 'glance', 'neutron', 'nova', 'aodh', 'ceilometer', 'heat'];
const COMPUTES = ['compute-1', 'compute-2', 'compute-3'];
const SPARES = ['compute-4', 'compute-5'];
const VCPUS = 4;

/**
 * Brings a cloud up on a MariaDB and a RabbitMQ. Needs what `npm run build` makes. `onEnd` is given what takes it down,
 * before anything runs; should this process die, that happens as well. @returns its folder; rejects with a sentence
 */
export async function start({ mysqlUrl, transportUrl, say, onEnd }) {
  const find = () => PACKAGES.map((each) => `/var/lib/dpkg/info/${each}.list`).map((file) => existsSync(file) && file);
  needPrograms({ find, packages: PACKAGES, variable });
  const { bringUp } = await import('../../dist/test/openstack/cloud/bring-up.js');
  const home = mkdtempSync(join(tmpdir(), 'fenix-openstack-'));
  onEnd(guard(home));
  const found = await freePorts(LISTENING.length);
  const ports = Object.fromEntries(LISTENING.map((service, index) => [service, found[index]]));
  await bringUp({ home, mysqlUrl, transportUrl, ports, computes: COMPUTES, spares: SPARES, vcpus: VCPUS }, say);
  return home;
}

/** A process that takes the cloud down when told to, or when this one has ended. @returns what tells it, to be awaited */
function guard(home) {
  const script = fileURLToPath(new URL('../../dist/test/openstack/cloud/take-down.js', import.meta.url));
  const child = spawn(process.execPath, [script, home], { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
  const ended = endOf(child);
  child.unref();
  child.stdin.unref();
  return async () => {
    child.ref();
    child.stdin.end();
    await ended;
  };
}
