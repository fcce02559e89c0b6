import type { ExecutionContext } from 'ava';
import { ManualClock, plusSeconds } from '../../src/common/clock.js';
import {
  type Credentials,
  generateTopology,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
  type Topology,
} from '../../src/simulator/index.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read the JSON of services field by field
  readonly body: any;
}

/** One user's way to the services of a simulated cloud, by plain HTTP. */
export class Client {
  constructor(
    readonly simulator: Simulator,
    readonly token: string,
  ) {}

  async call(method: string, path: string, options: { body?: unknown; version?: string } = {}): Promise<Answer> {
    const headers: Record<string, string> = { 'x-auth-token': this.token };
    if (options.version !== undefined) headers['openstack-api-version'] = options.version;
    return request(`${this.simulator.url}${path}`, method, headers, options.body);
  }

  nova(method: string, path: string, options: { body?: unknown; version?: string } = {}): Promise<Answer> {
    return this.call(method, `/compute/v2.1${path}`, {
      ...options,
      ...(options.version === undefined ? {} : { version: `compute ${options.version}` }),
    });
  }

  placement(path: string, version = '1.39'): Promise<Answer> {
    return this.call('GET', `/placement${path}`, { version: `placement ${version}` });
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests read the JSON of services field by field
  async server(id: string, version = '2.53'): Promise<any> {
    return (await this.nova('GET', `/servers/${id}`, { version })).body.server;
  }

  async migrate(id: string, host: string | null): Promise<Answer> {
    return this.nova('POST', `/servers/${id}/action`, { body: { migrate: { host } }, version: '2.56' });
  }
}

export async function request(
  url: string,
  method: string,
  headers: Record<string, string>,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'manual',
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? '' : JSON.parse(text) };
}

export async function logIn(simulator: Simulator, who: Credentials): Promise<Client> {
  const domain = { id: 'default' };
  const answer = await request(`${simulator.authUrl}/auth/tokens`, 'POST', {}, loginBody(who, domain));
  return new Client(simulator, answer.headers.get('x-subject-token') ?? `no token: ${answer.status}`);
}

export function loginBody({ username: name, password, projectName }: Credentials, domain = { id: 'default' }): object {
  const identity = { methods: ['password'], password: { user: { name, domain, password } } };
  return { auth: { identity, scope: { project: { name: projectName, domain } } } };
}

export interface SimulatedCloud {
  readonly simulator: Simulator;
  readonly clock: ManualClock;
  readonly admin: Client;
  /** Moves domain time. */
  advance(seconds: number): void;
}

/** A simulated cloud on a manual clock, stopped when the test ends. */
export async function aCloud(
  t: ExecutionContext,
  topology: Topology = generateTopology({ hosts: 3, instances: 4, projects: 2, seed: 7 }),
  options: Partial<SimulatorOptions> = {},
): Promise<SimulatedCloud> {
  const clock = new ManualClock();
  const simulator = await startSimulator({ topology, clock, ...options });
  t.teardown(() => simulator.stop());
  const admin = await logIn(simulator, simulator.serviceCredentials);
  const advance = (seconds: number): void => clock.advanceTo(plusSeconds(clock.now(), seconds));
  return { simulator, clock, admin, advance };
}

/** Two hosts of two places each and a third empty one; `one` and `two` on the first, `three` on the second. */
export function aSmallTopology(changes: Partial<Topology> = {}): Topology {
  const size = { vcpus: 4, memoryMb: 8192, diskGb: 40 };
  const instance = (name: string, host: string) => ({ name, host, flavor: 'm1.small', group: 'app' });
  return {
    seed: 3,
    flavors: [{ name: 'm1.small', vcpus: 2, memoryMb: 4096, diskGb: 20 }],
    hosts: ['alpha', 'beta', 'gamma'].map((name) => ({ name, ...size })),
    projects: [
      {
        name: 'demo',
        groups: [{ name: 'app', maxOutOfService: 1 }],
        instances: [instance('one', 'alpha'), instance('two', 'alpha'), instance('three', 'beta')],
      },
      { name: 'other' },
    ],
    ...changes,
  };
}

/** Id of the instance of a name. */
export function idOf(simulator: Simulator, name: string): string {
  const found = simulator.cloud.instances().find((instance) => instance.name === name);
  if (found === undefined) throw new Error(`no instance ${name}`);
  return found.id;
}

/** The keys of an object, and of the first item of each list in it, as sorted dotted paths. */
export function shapeOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [`${path}[]`] : shapeOf(value[0], `${path}[]`);
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value)
    .flatMap(([key, item]) => shapeOf(item, `${path}.${key}`))
    .sort();
}
