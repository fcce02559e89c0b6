import { randomUUID } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { Repositories } from '../../src/db/repositories.js';
import { keystoneAuth } from '../../src/keystone-auth-middleware/index.js';
import { PLUGINS, STRANGER, TENANT, TestApi } from '../support/api.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';
import { DOCUMENT } from '../support/api-document.js';
import { aHost, aNotice, anInstance, aProject } from '../support/api-records.js';
import { KeystoneDouble } from '../support/keystone.js';

/*
 * A project that knows all ids of another one asks for everything in every way. What is the other's carries a mark that
 * is never sent, so it must never come back. FENIX_SEEDS=7 replays one run, FENIX_SEEDS=1-100 is a long one.
 */
const [first = 1, last = first] = (process.env.FENIX_SEEDS ?? '1-10').split('-').map(Number);
const REQUESTS = 1000;
const AT_ONCE = 10;
const MARK = 'zq7-secret';

const TOKENS = {
  admin: { projectId: '0c'.repeat(16), roles: ['admin'], userId: `${MARK}-admin` },
  member: { projectId: TENANT, roles: ['member'], userId: `${MARK}-member` },
  stranger: { projectId: STRANGER, roles: ['member', 'reader'], userId: 'stranger-user' },
};

/** What the stranger knows of the other project. */
interface Known {
  /** One in which both have a part, and one that is none of the stranger's business. */
  readonly sessions: readonly string[];
  readonly instances: readonly string[];
  readonly etags: readonly string[];
  readonly keys: readonly string[];
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

async function anApi(t: ExecutionContext, kind: DatabaseKind): Promise<TestApi> {
  const { database, close } = await kind.open();
  t.teardown(close);
  const repositories = new Repositories(database);
  await repositories.engines.register(
    { engineId: 'engine', host: `${MARK}-engine`, version: '1', plugins: PLUGINS },
    1000,
  );
  const keystone = await KeystoneDouble.start(t, TOKENS);
  const authenticate = keystoneAuth({ validator: keystone.validator(), wwwAuthenticateUri: keystone.url });
  return TestApi.on(t, repositories, { behindProxy: true }, { authenticate });
}

/** Everything that a project can have here, marked wherever it has words of its own. */
async function furnish(api: TestApi): Promise<Known> {
  const instances = [randomUUID(), randomUUID()] as const;
  const theirs = { projectId: TENANT, instanceName: `${MARK}-vm`, groupId: `${MARK}-group`, host: `${MARK}-host` };
  const sessions: string[] = [];
  for (const shared of [true, false]) {
    const { sessionId } = await api.session([], [{ instanceIds: [instances[0]] }], {
      hosts: [`${MARK}-host`],
      metadata: { hint: MARK },
      reason: { code: MARK, message: MARK, at: new Date(0) },
    });
    const { hosts, projects, instances: ours, notices, database } = api.repositories;
    await database.transaction(async (tx) => {
      await hosts.add([aHost({ sessionId, hostname: `${MARK}-host` })], tx);
      for (const instanceId of instances) await ours.save(anInstance({ sessionId, instanceId, ...theirs }), tx);
      if (!shared) return;
      await projects.save(aProject({ sessionId, projectId: STRANGER }), tx);
      await ours.save(anInstance({ sessionId, instanceId: 'own', projectId: STRANGER }), tx);
      await notices.insert(aNotice({ sessionId, noticeId: 9, projectId: STRANGER, instanceIds: ['own'] }), tx);
    });
    sessions.push(sessionId);
    const reply = { state: 'ACK_MAINTENANCE' };
    await api.send('PUT', `/v1/maintenance/${sessionId}/${TENANT}`, { token: 'member', body: reply });
  }
  for (const id of instances) {
    const body = { instance_name: `${MARK}-vm`, group_id: `${MARK}-group`, lead_time: 77 };
    await api.send('PUT', `/v1/instance/${id}`, { token: 'member', body });
  }
  await api.send('PUT', '/v1/instance_group/group', { token: 'member', body: { group_name: `${MARK}-group` } });
  const headers = { 'Idempotency-Key': 'known-key' };
  const made = await api.send('POST', '/v1/maintenance', {
    token: 'admin',
    headers,
    body: { maintenance_at: '2026-01-01 12:00:00', metadata: { hint: MARK } },
  });
  const shown = await api.send('GET', `/v1/maintenance/${sessions[1]}/${TENANT}`, { token: 'member' });
  return {
    sessions: [...sessions, String(made.json.session_id)],
    instances,
    etags: [String(shown.headers.etag)],
    keys: ['known-key'],
  };
}

/** All rows but those that are the stranger's own. */
async function othersRows(api: TestApi, kind: DatabaseKind): Promise<string[]> {
  const { knex } = api.repositories.database;
  const names = kind.name === 'SQLite' ? 'select name from sqlite_master where type = ?' : 'show tables';
  const found = await knex.raw(names, kind.name === 'SQLite' ? ['table'] : []);
  const tables = ((kind.name === 'SQLite' ? found : found[0]) as object[]).map((row) => String(Object.values(row)[0]));
  const rows: string[] = [];
  // Counters of rows, the stranger's own included.
  for (const table of tables.filter((name) => name !== 'sqlite_sequence').sort()) {
    for (const row of await knex(table).select()) rows.push(`${table} ${JSON.stringify(row)}`);
  }
  return rows.filter((row) => !row.includes(STRANGER) && !row.includes('stranger-user')).sort();
}

function requests({ sessions, instances, etags, keys }: Known): fc.Arbitrary<Asked> {
  const odd = fc.constantFrom(
    '',
    '.',
    '..',
    '%2e%2e',
    '%2f',
    '%00',
    '*',
    '__proto__',
    'detail',
    'plan',
    'events',
    "'--",
  );
  const values: Record<string, fc.Arbitrary<string>> = {
    session_id: fc.constantFrom(...sessions, ...sessions, randomUUID()),
    project_id: fc.constantFrom(
      TENANT,
      STRANGER,
      TENANT.toUpperCase(),
      `${STRANGER}%2f..%2f${TENANT}`,
      'detail',
      'history',
    ),
    instance_id: fc.constantFrom(...instances, 'own', `${instances[0]}%20`, `${instances[0]}%00`),
    group_id: fc.constantFrom('group', 'group%20', 'GROUP'),
  };
  const operations = Object.entries(DOCUMENT.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => ({ path, served: method.toUpperCase() })),
  );
  const target = fc.tuple(fc.constantFrom(...operations), fc.record(values)).map(([{ path, served }, ids]) => ({
    served,
    path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name as keyof typeof ids] ?? ''),
  }));
  const twisted = fc.tuple(target, fc.nat(), fc.oneof(odd, fc.webSegment())).map(([one, where, segment]) => {
    const segments = one.path.split('/');
    segments.splice(where % (segments.length + 1), where % 2, segment);
    return { ...one, path: `/${segments.join('/')}` };
  });
  const query = fc.constantFrom(
    '',
    '',
    '?',
    '?limit=1000',
    `?marker=${sessions[0]}`,
    `?session_id=${sessions[1]}`,
    `?session_id=${sessions[1]}&session_id[]=x`,
    `?project_id=${TENANT}&last_event_id=0`,
    "?workflow=' or 1=1 --",
  );
  const reply = fc.record(
    {
      state: fc.constantFrom('ACK_MAINTENANCE', 'NACK_MAINTENANCE', 'DEFER_MAINTENANCE', 'ACK_SCALE_IN'),
      defer_seconds: fc.constantFrom(1, 60),
      project_id: fc.constant(TENANT),
      instance_actions: fc.dictionary(fc.constantFrom(...instances, 'own'), fc.constantFrom('MIGRATE', 'OWN_ACTION')),
    },
    { requiredKeys: ['state'] },
  );
  const constraints = fc.record(
    {
      project_id: fc.constant(TENANT),
      owner_project_id: fc.constant(TENANT),
      instance_name: fc.string(),
      lead_time: fc.nat({ max: 1000 }),
      group_id: fc.constantFrom('group', null),
    },
    { requiredKeys: [] },
  );
  const session = fc.record({
    maintenance_at: fc.constant('2026-01-01 12:00:00'),
    policy: fc.constant({ per_project: { [TENANT]: { nack: 'force' } } }),
  });
  const control = fc.constantFrom({ abort: {} }, { pause: {} }, { continue: { project_id: TENANT } }, {});
  const json = fc.oneof(reply, constraints, session, control, fc.jsonValue()).map((body) => JSON.stringify(body));
  const body = fc.option(fc.oneof({ weight: 9, arbitrary: json }, fc.string()), { nil: undefined });
  const headers = fc.record(
    {
      'X-Project-Id': fc.constant(TENANT),
      'X-Tenant-Id': fc.constant(TENANT),
      'X-User-Id': fc.constant('admin'),
      'X-Roles': fc.constant('admin'),
      'X-Identity-Status': fc.constant('Confirmed'),
      'X-Is-Admin-Project': fc.constant('True'),
      'OpenStack-System-Scope': fc.constant('all'),
      'X-Service-Token': fc.constantFrom('stranger', 'forged'),
      'OpenStack-API-Version': fc.constantFrom('maintenance 1.1', 'maintenance latest', 'maintenance 9.9'),
      'Idempotency-Key': fc.constantFrom(...keys, 'x'.repeat(300)),
      'If-None-Match': fc.constantFrom(...etags, '*'),
      'Last-Event-ID': fc.constantFrom('0', '1', '-1'),
      'X-HTTP-Method-Override': fc.constantFrom('DELETE', 'GET'),
      'Content-Encoding': fc.constantFrom('gzip', 'identity', 'br'),
      'Content-Type': fc.constantFrom('text/xml', 'application/x-www-form-urlencoded'),
      Origin: fc.constant('https://evil.example.org'),
    },
    { requiredKeys: [] },
  );
  // Most headers are there seldom, or hardly a request would get past them.
  const few = fc.tuple(headers, fc.nat()).map(([all, pick]) => {
    const entries = Object.entries(all);
    const few = Object.fromEntries(entries.filter((_, i) => (pick + i) % 4 === 0)) as Record<string, string>;
    // From elsewhere: this machine's own health checks are told which engines there are.
    return { ...few, 'X-Forwarded-For': pick % 2 === 0 ? '127.0.0.1' : '192.0.2.1, 127.0.0.1' };
  });
  const other = fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS');
  return fc
    .record({
      to: fc.oneof({ weight: 4, arbitrary: target }, twisted),
      query,
      method: fc.option(other, { freq: 3 }),
      headers: few,
      body,
    })
    .map(({ to, query, method, ...rest }) => ({
      ...rest,
      method: method === null || query === '' ? to.served : method,
      path: encodeURI(`${to.path}${query}`).replaceAll('%25', '%'),
    }));
}

for (let seed = first; seed <= last; seed += 1) {
  const kind = databaseKinds[seed % databaseKinds.length] as DatabaseKind;
  test.serial(
    `${kind.name}: whatever a project asks for, it learns and changes nothing of another's (${seed})`,
    async (t) => {
      t.timeout(180_000);
      const api = await anApi(t, kind);
      const known = await furnish(api);
      const rows = await othersRows(api, kind);
      t.true(rows.filter((row) => row.includes(MARK)).length > 15, 'there is something to find');
      const detail = `/v1/maintenance/${known.sessions[0]}/detail`;
      const before = (await api.send('GET', detail, { token: 'admin' })).json;

      const seen = new Map<number, number>();
      const leaks: string[] = [];
      const ask = async ({ method, path, headers, body }: Asked): Promise<void> => {
        const answer = await api.send(method, path, { token: 'stranger', headers, body });
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
        if (`${JSON.stringify(answer.headers)} ${answer.text}`.includes(MARK))
          leaks.push(`${method} ${path}: ${answer.text}`);
      };
      const all = fc.sample(requests(known), { seed, numRuns: REQUESTS });
      const workers = Array.from({ length: AT_ONCE }, async () => {
        for (let next = all.pop(); next !== undefined; next = all.pop()) await ask(next);
      });
      await Promise.all(workers);

      t.deepEqual(leaks, []);
      t.deepEqual(await othersRows(api, kind), rows);
      t.deepEqual((await api.send('GET', detail, { token: 'admin' })).json, before);
      t.like((await api.send('GET', '/healthcheck')).json, { status: 'ok' });
      t.deepEqual(
        api.log.filter(({ level }) => level === 'error'),
        [],
      );
      for (const status of [200, 400, 403, 404, 405, 406]) t.true(seen.has(status), `some were answered ${status}`);
      const told = [...seen].sort().map(([status, times]) => `${times} × ${status}`);
      t.log(`seed ${seed}: ${told.join(', ')}`);
    },
  );
}
