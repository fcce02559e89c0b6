import { randomUUID } from 'node:crypto';
import { parseDatabaseUrl } from '../src/config/index.js';
import { Database } from '../src/db/database.js';
import { SchemaMigrator } from '../src/db/migrator.js';
import { Repositories } from '../src/db/repositories.js';
import { aHost, aNotice, anInstance, aProject, aSession } from '../test/support/api-records.js';

/** A session with hosts, on each an instance of the project, which was sent a notice about all of them. */
export interface Filled {
  readonly sessionId: string;
  readonly instanceIds: readonly string[];
}

/** Makes the schema and `count` sessions of `hosts` hosts each. */
export async function fill(url: string, projectId: string, count: number, hosts: number): Promise<Filled[]> {
  const database = await Database.open(parseDatabaseUrl(url));
  await new SchemaMigrator(database).upgrade();
  const repositories = new Repositories(database);
  const filled: Filled[] = [];
  for (let n = 0; n < count; n += 1) filled.push(await aFullSession(repositories, projectId, `s${n}`, hosts));
  await database.close();
  return filled;
}

async function aFullSession(
  { database, sessions, hosts, projects, instances, notices }: Repositories,
  projectId: string,
  name: string,
  count: number,
): Promise<Filled> {
  const session = aSession({ workflow: 'vnf', state: 'PLANNED_MAINTENANCE' });
  const { sessionId } = session;
  const hostnames = Array.from({ length: count }, (_, i) => `${name}-compute-${i}`);
  const all = hostnames.map((host) => anInstance({ sessionId, instanceId: randomUUID(), projectId, host }));
  const instanceIds = all.map(({ instanceId }) => instanceId);
  await database.transaction(async (tx) => {
    await sessions.create(session, tx);
    await hosts.add(
      hostnames.map((hostname) => aHost({ sessionId, hostname })),
      tx,
    );
    await projects.save(aProject({ sessionId, projectId }), tx);
    for (const instance of all) await instances.save(instance, tx);
    await notices.insert(aNotice({ sessionId, projectId, state: 'PLANNED_MAINTENANCE', instanceIds }), tx);
  });
  return { sessionId, instanceIds };
}
