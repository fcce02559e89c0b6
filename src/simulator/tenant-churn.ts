import { createRandom, type Random } from '../common/random.js';
import type { Cloud } from './cloud.js';
import type { Caller, Project } from './records.js';
import { Refusal } from './refusal.js';
import type { Servers } from './servers.js';

export interface ChurnOptions {
  /** Boots per hour of domain time, all projects together. */
  readonly perHour: number;
  /** Mean domain seconds from a boot to the deletion of that server, default 120. */
  readonly lifetime?: number;
  /** Names of the projects that come and go, default all tenants. */
  readonly projects?: readonly string[];
  /** Default: that of a server picked at random, whose name is taken as well. */
  readonly flavor?: string;
  readonly seed?: number;
}

/**
 * Tenants that boot and delete servers meanwhile, outside all groups. They take the names of servers that are there
 * already, of any project, and delete nothing but what they booted.
 */
export class TenantChurn {
  private readonly random: Random;
  private readonly lifetime: number;
  private running = true;

  constructor(
    private readonly cloud: Cloud,
    private readonly servers: Servers,
    private readonly options: ChurnOptions,
    private readonly projects: readonly Project[],
  ) {
    this.random = createRandom(options.seed ?? 1);
    this.lifetime = options.lifetime ?? 120;
    if (projects.length > 0 && options.perHour > 0) this.next();
  }

  /** No more boots; what was booted is still deleted in its time. */
  stop(): void {
    this.running = false;
  }

  private next(): void {
    const mean = 3600 / this.options.perHour;
    this.cloud.timeline.after(this.around(mean), () => {
      if (!this.running) return;
      this.boot();
      this.next();
    });
  }

  private boot(): void {
    const living = this.cloud.instances();
    const model = living.length === 0 ? undefined : this.random.pick(living);
    const flavor = this.cloud.flavors.find(({ name }) => name === this.options.flavor) ?? model?.flavor;
    const project = this.random.pick(this.projects);
    const { id } = this.servers.boot(
      {
        name: model?.name ?? 'newcomer',
        flavor: flavor ?? this.random.pick(this.cloud.flavors),
        zone: null,
        groupId: null,
      },
      this.callerOf(project),
    );
    this.cloud.timeline.after(this.around(this.lifetime), () => this.delete(id, project));
  }

  private delete(id: string, project: Project): void {
    const instance = this.cloud.instance(id);
    if (instance === undefined) return;
    try {
      this.servers.delete(instance, this.callerOf(project));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }

  private callerOf({ id: projectId }: Project): Caller {
    const userId = this.cloud.users.find(({ project }) => project.id === projectId)?.id ?? '';
    return { userId, projectId, admin: false, requestId: `req-${this.cloud.newUuid()}` };
  }

  /** Somewhere from half to one and a half of `seconds`. */
  private around(seconds: number): number {
    return seconds * (0.5 + this.random.next());
  }
}
