import { FenixError } from '../../common/errors.js';
import type { Interface } from '../../keystone-auth-middleware/index.js';
import type { ServiceApi } from '../service-api.js';
import { Directory } from './directory.js';

/** What a cloud has to know of a service. */
export interface Registration {
  readonly service: { readonly type: string; readonly name: string; readonly description: string };
  /** Of the endpoints; Keystone must know it. Absent: the one region that Keystone has. */
  readonly region?: string;
  readonly urls: Readonly<Record<Interface, string>>;
  readonly users: readonly RegisteredUser[];
}

/** A user with its project. Domains by name, or by id. */
export interface RegisteredUser {
  readonly name: string;
  readonly domain: string;
  /** Of a user that is made, or changed. */
  readonly password: string;
  readonly project: string;
  readonly projectDomain: string;
  /** Names of the roles that it gets on its project. */
  readonly roles: readonly string[];
}

export interface RegisterOptions {
  /** Only say what would be done. */
  readonly dryRun?: boolean;
  /** Give a user that exists the registration's password, where that does not let it in. */
  readonly setPasswords?: boolean;
  /** Whether Keystone lets a user in with that password; asked of users that exist. */
  letsIn(userId: string, password: string): Promise<boolean>;
}

/** What was done, or with `dryRun` would be, and to what. */
export interface RegisterStep {
  readonly done: 'created' | 'changed' | 'present';
  readonly what: string;
}

const INTERFACES: readonly Interface[] = ['public', 'internal', 'admin'];

/**
 * Makes Keystone (Identity API v3) know a service, its endpoints, users, projects and roles, as far as it does not: what is
 * right already is left alone, an endpoint with another address is corrected.
 * @param identity with the rights of an admin
 * @throws FenixError what cannot be made right without deciding something, with a sentence; steps before it are done
 */
export async function register(
  identity: ServiceApi,
  wanted: Registration,
  options: RegisterOptions,
  tell: (step: RegisterStep) => void,
): Promise<void> {
  const registrar = new Registrar(new Directory(identity), options, tell);
  const region = await registrar.region(wanted.region);
  const serviceId = await registrar.service(wanted.service);
  for (const side of INTERFACES) await registrar.endpoint(serviceId, side, region, wanted.urls[side]);
  for (const user of wanted.users) await registrar.user(user);
}

/** In a dry run, what would be created has no id. */
type Id = string | undefined;

class Registrar {
  constructor(
    private readonly directory: Directory,
    private readonly options: RegisterOptions,
    private readonly tell: (step: RegisterStep) => void,
  ) {}

  async region(wanted: string | undefined): Promise<string> {
    const regions = (await this.directory.list('regions', {})).map(({ id }) => id);
    const known = regions.length === 0 ? 'none' : regions.join(', ');
    if (wanted !== undefined && regions.includes(wanted)) return wanted;
    if (wanted !== undefined) throw refusal('region-unknown', `Keystone has no region ${wanted}; it has ${known}.`);
    const [only, second] = regions;
    if (only !== undefined && second === undefined) return only;
    throw refusal('region-unnamed', `Name the region of the endpoints (--region); Keystone has ${known}.`);
  }

  async service({ type, name, description }: Registration['service']): Promise<Id> {
    const what = `service ${name} of type ${type}`;
    const found = await this.directory.list('services', { type });
    const [service, second] = found.length > 1 ? found.filter((one) => one.name === name) : found;
    if (found.length > 1 && (service === undefined || second !== undefined)) {
      const sentence = `Keystone has ${found.length} services of type ${type}: delete all but one.`;
      throw refusal('service-ambiguous', sentence);
    }
    if (service === undefined) return this.create('services', { type, name, description, enabled: true }, what);
    if (service.enabled === false) await this.change('services', service.id, { enabled: true }, `${what}: enabled`);
    else this.tell({ done: 'present', what });
    return service.id;
  }

  async endpoint(serviceId: Id, side: Interface, region: string, url: string): Promise<void> {
    const what = `${side} endpoint ${url} in region ${region}`;
    const all = serviceId === undefined ? [] : await this.directory.list('endpoints', { service_id: serviceId });
    const found = all.filter((one) => one.interface === side && one.region_id === region);
    const [endpoint, second] = found;
    if (second !== undefined) {
      const ids = found.map(({ id }) => id).join(', ');
      const sentence = `The service has several ${side} endpoints in region ${region} (${ids}): delete all but one.`;
      throw refusal('endpoint-ambiguous', sentence);
    }
    if (endpoint === undefined) {
      const fields = { service_id: serviceId, interface: side, region_id: region, url, enabled: true };
      await this.create('endpoints', fields, what);
    } else if (endpoint.url !== url) {
      await this.change('endpoints', endpoint.id, { url, enabled: true }, `${what}, was ${endpoint.url}`);
    } else if (endpoint.enabled === false) {
      await this.change('endpoints', endpoint.id, { enabled: true }, `${what}: enabled`);
    } else {
      this.tell({ done: 'present', what });
    }
  }

  async user(wanted: RegisteredUser): Promise<void> {
    const project = await this.project(wanted);
    const user = await this.account(wanted, project);
    for (const role of wanted.roles) await this.grant(wanted, role, project, user);
  }

  private async project({ project: name, projectDomain }: RegisteredUser): Promise<Id> {
    const domain = await this.domain(projectDomain);
    const what = `project ${name} of domain ${domain.name}`;
    const [project] = await this.directory.list('projects', { name, domain_id: domain.id });
    if (project === undefined) {
      return this.create('projects', { name, domain_id: domain.id, enabled: true }, what);
    }
    if (project.enabled === false)
      throw refusal('project-disabled', `The ${what} is disabled: enable it, or name another.`);
    this.tell({ done: 'present', what });
    return project.id;
  }

  private async account(wanted: RegisteredUser, project: Id): Promise<Id> {
    const { name, password } = wanted;
    const domain = await this.domain(wanted.domain);
    const what = `user ${name} of domain ${domain.name}`;
    const [user] = await this.directory.list('users', { name, domain_id: domain.id });
    if (user === undefined) {
      const fields = { name, domain_id: domain.id, password, enabled: true, default_project_id: project };
      return this.create('users', fields, what);
    }
    if (user.enabled === false) throw refusal('user-disabled', `The ${what} is disabled: enable it, or name another.`);
    if (await this.options.letsIn(user.id, password)) this.tell({ done: 'present', what });
    else if (this.options.setPasswords) await this.change('users', user.id, { password }, `${what}: password`);
    else {
      const sentence = `The ${what} is there, but the configured password does not let it in: mend it, or use --set-password.`;
      throw refusal('password-wrong', sentence);
    }
    return user.id;
  }

  private async grant({ name, project: on }: RegisteredUser, roleName: string, project: Id, user: Id): Promise<void> {
    const what = `role ${roleName} of user ${name} on project ${on}`;
    const role = await this.role(roleName);
    const known = role !== undefined && project !== undefined && user !== undefined;
    if (known && (await this.directory.isGranted(project, user, role))) return this.tell({ done: 'present', what });
    if (known && !this.options.dryRun) await this.directory.grant(project, user, role);
    this.tell({ done: 'created', what });
  }

  /** `admin` is what others are measured by: where it is missing something else is wrong. */
  private async role(name: string): Promise<Id> {
    const [role] = await this.directory.list('roles', { name });
    if (role !== undefined) return role.id;
    if (name === 'admin') throw refusal('role-missing', 'Keystone has no role admin: is it bootstrapped?');
    return this.create('roles', { name }, `role ${name}`);
  }

  private async domain(nameOrId: string): Promise<{ readonly id: string; readonly name: string }> {
    const domains = await this.directory.list('domains', {});
    const found = domains.find(({ name }) => name === nameOrId) ?? domains.find(({ id }) => id === nameOrId);
    if (found !== undefined) return { id: found.id, name: found.name ?? found.id };
    const known = domains.map(({ name }) => name).join(', ');
    throw refusal('domain-unknown', `Keystone has no domain ${nameOrId}; it has ${known}.`);
  }

  private async create(collection: string, fields: object, what: string): Promise<Id> {
    const id = this.options.dryRun ? undefined : await this.directory.create(collection, fields);
    this.tell({ done: 'created', what });
    return id;
  }

  private async change(collection: string, id: string, fields: object, what: string): Promise<void> {
    if (!this.options.dryRun) await this.directory.change(collection, id, fields);
    this.tell({ done: 'changed', what });
  }
}

function refusal(code: string, sentence: string): FenixError {
  return new FenixError('input', code, sentence);
}
