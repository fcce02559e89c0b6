import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { becomes } from './becomes.js';
import { environment } from './environment.js';
import { Processes } from './processes.js';
import { Rest } from './rest.js';
import { keystone, servicesOf } from './services/index.js';
import { type CloudSettings, folders, loadSettings, urlOf } from './settings.js';

export type HostOperation = 'boot' | 'cold' | 'finish' | 'live';

/** The OpenStack that `npm run test:openstack` has brought up, as tests use and trouble it. */
export class TestCloud {
  readonly admin: Rest;
  private readonly processes: Processes;
  private readonly users = new Map<string, Rest>();
  private readonly delays = new Map<HostOperation, number>();
  private readonly failures: string[] = [];

  /** @param home its folder; default: what FENIX_TEST_OPENSTACK names */
  static open(home = process.env.FENIX_TEST_OPENSTACK): TestCloud {
    if (home === undefined) throw new Error('FENIX_TEST_OPENSTACK is not set: run npm run test:openstack');
    return new TestCloud(loadSettings(home));
  }

  private constructor(readonly settings: CloudSettings) {
    this.admin = this.as('admin');
    this.processes = new Processes(settings.home, environment(settings.home));
  }

  /** A user, in the project of the same name unless told otherwise. */
  as(user: string, project: string = user): Rest {
    const key = `${user} ${project}`;
    const known = this.users.get(key) ?? new Rest(this.settings, user, project);
    this.users.set(key, known);
    return known;
  }

  /** From now on each operation of that kind takes so long on its host. */
  delay(operation: HostOperation, seconds: number): void {
    this.delays.set(operation, seconds);
    this.tell(
      'delay',
      [...this.delays].map(([name, value]) => `${name} ${value}`),
    );
  }

  /** From now on the operation fails. @param server id or name; `*`: of all */
  fail(operation: HostOperation, server: string): void {
    this.failures.push(`${operation} ${server}`);
    this.tell('fail', this.failures);
  }

  /** Hosts do as they should, at once. */
  wellAgain(): void {
    this.delays.clear();
    this.failures.length = 0;
    for (const name of ['delay', 'fail']) rmSync(join(folders(this.settings.home).fakeHost, name), { force: true });
  }

  async idOfUser(name: string): Promise<string> {
    const { users } = await this.admin.get<{ users: { id: string }[] }>('identity', `/users?name=${name}`);
    return users[0]?.id ?? '';
  }

  /** All that Keystone has given the user up to now; it may get new ones. */
  async revokeTokensOf(user: string): Promise<void> {
    const id = await this.idOfUser(user);
    for (const enabled of [false, true]) {
      await this.admin.call('identity', 'PATCH', `/users/${id}`, { user: { enabled } });
    }
  }

  async restartKeystone(): Promise<void> {
    const { name, processes } = keystone(this.settings);
    await this.processes.stop(Object.keys(processes));
    for (const [process, command] of Object.entries(processes)) this.processes.start(process, command);
    const answers = async (): Promise<boolean> =>
      (await fetch(urlOf(this.settings, name)).catch(() => undefined)) !== undefined;
    await becomes(answers, 'Keystone');
  }

  /** One of its processes, politely; not Keystone's. */
  async restart(name: string): Promise<void> {
    const commands = servicesOf(this.settings).flatMap(({ processes }) => Object.entries(processes));
    const command = commands.find(([process]) => process === name)?.[1];
    if (command === undefined) throw new Error(`The cloud has no process ${name}`);
    await this.processes.stop([name]);
    this.processes.start(name, command);
  }

  /** As a power failure does. */
  async killCompute(host: string): Promise<void> {
    await this.processes.stop([`nova-${host}`], 0);
  }

  startCompute(host: string): void {
    const name = `nova-${host}`;
    const command = servicesOf(this.settings).flatMap(({ processes }) => Object.entries(processes));
    for (const [process, how] of command) if (process === name) this.processes.start(process, how);
  }

  /** Ends it, and lets Nova forget it: as before it was started for the first time. */
  async removeCompute(host: string): Promise<void> {
    await this.killCompute(host);
    const path = `/os-services?binary=nova-compute&host=${host}`;
    const { services } = await this.admin.get<{ services: { id: string }[] }>('compute', path, 'compute 2.53');
    for (const { id } of services)
      await this.admin.call('compute', 'DELETE', `/os-services/${id}`, undefined, 'compute 2.53');
  }

  /** Names of its processes that do not run, but for the spares. */
  dead(): string[] {
    const spares = this.settings.spares.map((host) => `nova-${host}`);
    const names = [keystone(this.settings), ...servicesOf(this.settings)].flatMap(({ processes }) =>
      Object.keys(processes),
    );
    return names.filter((name) => !spares.includes(name) && this.processes.pid(name) === undefined);
  }

  /** Where a test may leave logs. */
  get logFolder(): string {
    return folders(this.settings.home).log;
  }

  private tell(name: string, lines: readonly string[]): void {
    writeFileSync(join(folders(this.settings.home).fakeHost, name), lines.map((line) => `${line}\n`).join(''));
  }
}
