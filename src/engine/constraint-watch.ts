import type { Repositories } from '../db/repositories.js';
import type { Server } from '../workflow/cloud-port.js';
import { ConstraintBook } from '../workflow/constraint-book.js';

interface Known {
  readonly version: string;
  /** Owning project by instance, of every server that Nova had. */
  readonly projects: ReadonlyMap<string, string>;
  readonly book: ConstraintBook;
}

/**
 * Records of every instance that Nova has: members of a group may be anywhere (V1, V4). Read anew when a project or an
 * admin has changed one, or servers came and went.
 */
export class ConstraintWatch {
  private known: Known | undefined;

  constructor(
    private readonly repositories: Pick<Repositories, 'constraintChanges' | 'instanceConstraints' | 'groupConstraints'>,
  ) {}

  async book(servers: readonly Server[]): Promise<ConstraintBook> {
    // Before the records: what is written meanwhile makes another version.
    const version = await this.repositories.constraintChanges.version();
    const { known } = this;
    if (known?.version === version && isOf(known.projects, servers)) return known.book;
    const projects = new Map(servers.map((server) => [server.id, server.projectId]));
    const instances = await this.repositories.instanceConstraints.forInstances([...projects.keys()]);
    const groupIds = [...new Set(instances.flatMap(({ groupId }) => (groupId === null ? [] : [groupId])))];
    const groups = await this.repositories.groupConstraints.forGroups(groupIds);
    const book = new ConstraintBook(instances, groups, (id) => projects.get(id));
    this.known = { version, projects, book };
    return book;
  }
}

function isOf(projects: ReadonlyMap<string, string>, servers: readonly Server[]): boolean {
  return projects.size === servers.length && servers.every(({ id, projectId }) => projects.get(id) === projectId);
}
