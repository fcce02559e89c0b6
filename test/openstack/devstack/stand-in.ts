import { TestCloud } from '../cloud/cloud.js';
import { environment } from '../cloud/environment.js';
import { Processes } from '../cloud/processes.js';
import type { Rest } from '../cloud/rest.js';
import { PASSWORD } from '../cloud/settings.js';

/*
 * stand-in.js WHAT ARGUMENT…: what functions.sh does on the test cloud of FENIX_TEST_OPENSTACK. Ids go to standard output,
 * as DevStack's functions say them.
 */
interface Named {
  readonly id: string;
  readonly name: string;
}

interface Endpoint {
  readonly id: string;
  readonly interface: string;
  readonly region_id: string;
  readonly url: string;
}

/** What the test cloud calls units of DevStack. */
const UNITS: Readonly<Record<string, string>> = { 'ceilometer-anotification': 'ceilometer' };

const cloud = TestCloud.open();
const { home } = cloud.settings;
// The cloud's own processes: whoever takes it down takes these along.
const processes = new Processes(home, environment(home));
const admin: Rest = cloud.admin;

const ACTIONS: Readonly<Record<string, (...args: string[]) => Promise<unknown>>> = {
  async user(name = '', ...roles) {
    const body = { name, password: PASSWORD, domain_id: 'default' };
    const id = (await named('user', name)) ?? (await created('user', body));
    const project = await named('project', 'service');
    for (const role of roles) {
      const roleId = (await named('role', role)) ?? (await created('role', { name: role }));
      const path = `/projects/${project}/users/${id}/roles/${roleId}`;
      await admin.call('identity', 'PUT', path);
    }
    return id;
  },
  async service(name = '', type = '', description = '') {
    const services = await listed<Named>('services', `?type=${type}`);
    return services[0]?.id ?? created('service', { name, type, description });
  },
  async endpoint(type, region = '', ...urls) {
    const [service] = await listed<Named>('services', `?type=${type}`);
    const there = await listed<Endpoint>('endpoints', `?service_id=${service?.id}`);
    const ids = ['public', 'admin', 'internal'].slice(0, urls.length).map(async (each, index) => {
      const url = urls[index] ?? '';
      const found = there.find((one) => one.interface === each && one.region_id === region);
      if (found === undefined)
        return created('endpoint', { service_id: service?.id, interface: each, url, region_id: region });
      await admin.call('identity', 'PATCH', `/endpoints/${found.id}`, { endpoint: { url } });
      return found.id;
    });
    return (await Promise.all(ids))[0];
  },
  async start(name = '', command = '') {
    processes.start(name, { argv: ['/bin/sh', '-c', `exec ${command}`] });
  },
  async stop(name = '') {
    await processes.stop([name]);
  },
  async restart(unit = '') {
    await cloud.restart(processOf(unit));
  },
  async 'is-active'(unit = '') {
    if (processes.pid(processOf(unit)) === undefined) process.exitCode = 3;
  },
};

function processOf(unit: string): string {
  const name = unit.replace(/^devstack@/, '');
  return UNITS[name] ?? name;
}

async function listed<T>(what: string, query: string): Promise<T[]> {
  return (await admin.get<Record<string, T[]>>('identity', `/${what}${query}`))[what] ?? [];
}

async function named(what: string, name: string): Promise<string | undefined> {
  return (await listed<Named>(`${what}s`, `?name=${name}`))[0]?.id;
}

async function created(what: string, values: object): Promise<string> {
  const body = await admin.call<Record<string, Named>>('identity', 'POST', `/${what}s`, { [what]: values });
  return body[what]?.id ?? '';
}

const [what = '', ...args] = process.argv.slice(2);
const act = ACTIONS[what];
if (act === undefined) throw new Error(`Usage: stand-in.js ${Object.keys(ACTIONS).join(' | ')}`);
const id = await act(...args);
if (typeof id === 'string') process.stdout.write(`${id}\n`);
