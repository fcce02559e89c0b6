import type { SessionProject } from '../model/index.js';
import type { Database, Tx } from './database.js';
import { Table } from './table.js';

const PROJECTS = new Table<SessionProject>('session_projects', {
  sessionId: 'text',
  projectId: 'text',
  state: 'text',
  scaledIn: 'bool',
  notifiedAt: 'time',
  replyAt: 'time',
  replies: 'number',
  rounds: 'number',
});

export const PART = ['sessionId', 'projectId'] as const;
/** What a project has to do with a session. */
export type Part = Pick<SessionProject, (typeof PART)[number]>;

export function partOf({ sessionId, projectId }: Part): Part {
  return { sessionId, projectId };
}

export class SessionProjectRepository {
  constructor(private readonly database: Database) {}

  list(sessionId: string, tx: Tx = this.database.knex): Promise<SessionProject[]> {
    return PROJECTS.list(tx, { sessionId }, 'projectId');
  }

  find(sessionId: string, projectId: string, tx: Tx = this.database.knex): Promise<SessionProject | undefined> {
    return PROJECTS.find(tx, { sessionId, projectId });
  }

  /** Those of these that are known. */
  known(parts: readonly Part[], tx: Tx = this.database.knex): Promise<Part[]> {
    return PROJECTS.pick(PROJECTS.anyOf(tx, parts.map(partOf)), PART);
  }

  save(project: SessionProject, tx: Tx): Promise<void> {
    return PROJECTS.upsert(tx, ['sessionId', 'projectId'], project);
  }
}
