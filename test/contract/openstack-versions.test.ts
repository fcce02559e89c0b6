import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { newRequestId, withRequestId } from '../../src/common/context.js';
import { FenixError } from '../../src/common/errors.js';
import { type Logger, silentLogger } from '../../src/common/logger.js';
import { KeystoneSession } from '../../src/keystone-auth-middleware/index.js';
import { NOVA_NEEDS, OpenStackCloud, PLACEMENT_NEEDS, versionText } from '../../src/openstack/index.js';
import { type Arrived, httpDouble, type Reply } from '../support/http-double.js';
import { replay, sample } from '../support/samples.js';

const ID = 'ee44f89c-23a7-42b9-8970-d2c43c17f3f1';
const nova = (version: string, id = 'v2.1') => ({ id, version, min_version: version === '' ? '' : '2.1' });
const placement = { versions: [{ id: 'v1.0', max_version: '1.39', min_version: '1.0' }] };

/** A cloud whose Nova is at `/nova` with a path behind it, and answers for its versions as a test says. */
async function aCloud(
  t: ExecutionContext,
  documents: (request: Arrived) => Reply | undefined,
  { novaPath = '/v2.1', log = silentLogger }: { novaPath?: string; log?: Logger } = {},
) {
  const http = await httpDouble((request) => {
    if (request.path === '/v3/auth/tokens') return replay('keystone-post-auth-tokens');
    const document = documents(request);
    if (document !== undefined) return document;
    if (request.path === '/placement/') return { body: placement };
    if (request.path.endsWith('/os-services')) return replay('nova-get-os-services-2.53');
    if (request.method === 'POST') return { status: 202 };
    return { status: 404, headers: { 'x-openstack-request-id': 'req-theirs' }, body: {} };
  });
  t.teardown(() => http.close());
  const endpointOverrides = { compute: `${http.url}/nova${novaPath}`, placement: `${http.url}/placement` };
  const credentials = { authUrl: http.url, username: 'fenix', password: 'fenix', projectName: 'service' };
  const session = new KeystoneSession(credentials, { endpointOverrides }, new SystemMachineClock(), log);
  const asked = (method: string): Arrived[] => http.arrived.filter((request) => request.method === method);
  return { cloud: new OpenStackCloud(session), asked };
}

const at =
  (path: string, body: unknown, status = 200) =>
  (request: Arrived): Reply | undefined =>
    request.path === path ? { status, body } : undefined;

function messageIn(error: FenixError | undefined): string {
  return error?.message ?? '';
}

test('a version document that is not there is no server that is gone, nor a refusal of it', async (t) => {
  for (const status of [404, 409]) {
    const { cloud } = await aCloud(t, at('/nova/v2.1/', {}, status));
    for (const call of [() => cloud.server(ID), () => cloud.migrate(ID, 'compute-2')]) {
      const error = await t.throwsAsync(call(), { instanceOf: FenixError });
      t.like(error, { kind: 'terminal', code: 'version-unknown', status: undefined });
    }
  }
});

test('a cloud too old for a call gets one clear refusal, and is not asked to do less than was meant', async (t) => {
  let newest = '2.53';
  const { cloud, asked } = await aCloud(t, (request) => at('/nova/v2.1/', { version: nova(newest) })(request));
  t.true((await cloud.services()).length > 0, 'what it can do is done');
  const error = await t.throwsAsync(cloud.migrate(ID, 'compute-2'), { instanceOf: FenixError });
  t.like(error, { kind: 'terminal', code: 'cloud-too-old', inDoubt: false });
  t.is(
    messageIn(error),
    'Nova offers 2.1 to 2.53, but microversion 2.56 is needed to migrate an instance to a named host.',
  );
  t.is(asked('POST').filter(({ path }) => path.startsWith('/nova')).length, 0);
  newest = '2.93';
  await cloud.migrate(ID, 'compute-2');
  t.is(
    asked('POST').at(-1)?.headers['openstack-api-version'],
    'compute 2.56',
    'after an upgrade, the least that has it',
  );
});

test('microversions are pairs of integers, and the document is read once for all calls', async (t) => {
  const { cloud, asked } = await aCloud(t, at('/nova/v2.1/', { version: nova('2.100') }));
  await Promise.all([cloud.migrate(ID, 'a'), cloud.migrate(ID, 'b'), cloud.services()]);
  t.is(asked('GET').filter(({ path }) => path === '/nova/v2.1/').length, 1);
});

test("Nova is found from its root, as old catalogs name it, and behind a project's id", async (t) => {
  const versions = [nova('', 'v2.0'), nova('2.93')];
  for (const status of [200, 300]) {
    const root = await aCloud(t, at('/nova/', { versions }, status), { novaPath: '/' });
    await root.cloud.migrate(ID, 'compute-2');
    t.is(root.asked('POST').at(-1)?.path, `/nova/v2.1/servers/${ID}/action`);
  }
  const novaPath = '/v2.1/1c37e44009804783b893cfe6af612d16';
  const behind = await aCloud(t, at('/nova/v2.1/', { version: nova('2.93') }), { novaPath });
  await behind.cloud.migrate(ID, 'compute-2');
  t.is(behind.asked('POST').at(-1)?.path, `/nova${novaPath}/servers/${ID}/action`);
});

test('an address of the old API, or of something else, is refused before anything is asked of it', async (t) => {
  const old = await aCloud(t, at('/nova/v2/', { version: nova('', 'v2.0') }), { novaPath: '/v2' });
  const error = await t.throwsAsync(old.cloud.migrate(ID, 'compute-2'), { instanceOf: FenixError });
  t.regex(messageIn(error), /^Nova offers no microversions, but microversion 2\.56 is needed/);
  const other = await aCloud(t, at('/nova/v2.1/', { welcome: true }));
  const unknown = await t.throwsAsync(other.cloud.migrate(ID, 'compute-2'), { instanceOf: FenixError });
  t.like(unknown, { kind: 'terminal', code: 'version-unknown' });
  t.regex(messageIn(unknown), /\/nova\/v2\.1\/ does not say which versions it has: is it the address of Nova\?$/);
});

test('a version document that cannot be read now is asked for again by the next call', async (t) => {
  let away = true;
  const { cloud } = await aCloud(t, ({ path }) =>
    path !== '/nova/v2.1/' ? undefined : away ? { status: 503, body: {} } : { body: { version: nova('2.93') } },
  );
  t.like(await t.throwsAsync(cloud.migrate(ID, 'compute-2')), { kind: 'overload', inDoubt: false });
  away = false;
  await t.notThrowsAsync(cloud.migrate(ID, 'compute-2'));
});

test('a Placement without trees of providers is refused by what it lacks', async (t) => {
  const { cloud } = await aCloud(
    t,
    at('/placement/', { versions: [{ id: 'v1.0', max_version: '1.10', min_version: '1.0' }] }),
  );
  const error = await t.throwsAsync(cloud.proves('compute-1', { vcpus: 1, memoryMb: 1, diskGb: 1 }));
  t.is(
    error?.message,
    'Placement offers 1.0 to 1.10, but microversion 1.14 is needed to know compute nodes from what is within them.',
  );
});

test("a request's id goes along to Keystone and Nova, and failures are logged with Nova's own", async (t) => {
  const lines: Record<string, unknown>[] = [];
  const log: Logger = {
    ...silentLogger,
    info: (fields) => void lines.push(fields as Record<string, unknown>),
    debug: (fields) => void lines.push(fields as Record<string, unknown>),
  };
  const { cloud, asked } = await aCloud(t, at('/nova/v2.1/', { version: nova('2.93') }), { log });
  const id = newRequestId();
  await withRequestId(id, () => cloud.migrate(ID, 'compute-2'));
  t.deepEqual(
    [...asked('GET'), ...asked('POST')].map((request) => request.headers['x-openstack-request-id']),
    [id, id, id],
  );
  t.is(await withRequestId(id, () => cloud.server(ID)), undefined);
  t.like(lines.at(-1), {
    service: 'compute',
    method: 'GET',
    path: `/servers/${ID}`,
    status: 404,
    request_id: id,
    answered: 'req-theirs',
  });
  await cloud.services();
  t.is(asked('GET').at(-1)?.headers['x-openstack-request-id'], undefined, 'for nobody in particular');
});

test('docs/openstack-clients.md lists every need by its microversion, and no other', (t) => {
  const page = readFileSync(new URL('../../../docs/openstack-clients.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| \w* ?\| (\d+\.\d+) \| (to .*) \|$/gm)].map(
    ([, version, what]) => `${version} ${what}`,
  );
  const needs = [...NOVA_NEEDS, ...PLACEMENT_NEEDS].map(({ version, what }) => `${versionText(version)} ${what}`);
  t.deepEqual(listed.sort(), needs.sort());
});

test("Nova's own documents are read: version, root and the refusal of what it does not have", async (t) => {
  const { version } = sample('nova-get-v2.1').body as { version: object };
  const { cloud, asked } = await aCloud(t, at('/nova/v2.1/', { version }));
  await cloud.migrate(ID, 'compute-2');
  t.is(asked('POST').at(-1)?.headers['openstack-api-version'], 'compute 2.56');
  const refused = await aCloud(t, (request) =>
    request.method === 'POST' ? replay('nova-406-microversion') : at('/nova/v2.1/', { version })(request),
  );
  const error = await t.throwsAsync(refused.cloud.migrate(ID, 'compute-2'), { instanceOf: FenixError });
  t.like(error, { kind: 'input', status: 406 });
  t.regex(messageIn(error), /Version 2\.999 is not supported by the API\./);
});
