import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { Repositories } from '../../src/db/repositories.js';
import { KeystoneSession, keystoneAuth, TokenValidator } from '../../src/keystone-auth-middleware/index.js';
import type { Credentials } from '../../src/simulator/index.js';
import { PLUGINS, TestApi } from '../support/api.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';
import { httpDouble } from '../support/http-double.js';
import { aCloud, aSmallTopology } from '../support/simulator.js';

/*
 * How OpenStack's Python clients find the service, openstackclient and openstacksdk among them: keystoneauth1 reads the
 * catalog, asks the endpoint for its versions, and calls it with a session.
 */
const python = process.env.FENIX_TEST_KEYSTONEAUTH_PYTHON;
const sqlite = databaseKinds[0] as DatabaseKind;
const SCRIPT = fileURLToPath(new URL('../../../test/support/keystoneauth-peer.py', import.meta.url));
const run = promisify(execFile);

(python === undefined ? test.skip : test)(
  "Python's keystoneauth1 finds the service by catalog and discovery, and GETs with a session",
  async (t) => {
    t.timeout(180_000);
    const { database, close } = await sqlite.open();
    t.teardown(close);
    const repositories = new Repositories(database);
    await repositories.engines.register({ engineId: 'engine', host: 'h', version: '1', plugins: PLUGINS }, 1000);
    // The catalog wants an address before the API can know its Keystone.
    let target = '';
    const front = await httpDouble(async ({ path, query, headers }) => {
      const { 'x-auth-token': token, 'openstack-api-version': version } = headers;
      const answer = await fetch(`${target}${path}?${query}`, {
        headers: {
          ...(token !== undefined && { 'X-Auth-Token': String(token) }),
          ...(version !== undefined && { 'OpenStack-API-Version': String(version) }),
        },
      });
      const passed = ['openstack-api-version', 'x-openstack-request-id', 'www-authenticate'];
      const kept = Object.fromEntries([...answer.headers].filter(([name]) => passed.includes(name)));
      return { status: answer.status, headers: kept, body: await answer.json() };
    });
    t.teardown(() => front.close());
    const publicUrl = `${front.url}/v1`;
    const { simulator } = await aCloud(t, aSmallTopology(), { maintenanceUrl: publicUrl });
    const clock = new SystemMachineClock();
    const credentials = { authUrl: simulator.authUrl, ...simulator.serviceCredentials };
    const session = new KeystoneSession(credentials, { timeoutS: 60 }, clock, silentLogger);
    const authenticate = keystoneAuth({
      validator: new TokenValidator(session, {}, clock),
      wwwAuthenticateUri: simulator.authUrl,
    });
    const api = await TestApi.on(t, repositories, { publicUrl }, { authenticate });
    target = api.url;
    const { sessionId } = await api.session([]);

    const ask = async (who: Credentials, path: string, microversion = '-') => {
      const args = [SCRIPT, simulator.authUrl, who.username, who.password, who.projectName, path, microversion];
      return JSON.parse((await run(String(python), args)).stdout);
    };
    const found = await ask(simulator.adminCredentials, '/maintenance');
    t.like(found, {
      endpoint: publicUrl,
      api_version: [1, 0],
      min_microversion: [1, 0],
      max_microversion: [1, 1],
      status: 200,
      used: 'maintenance 1.0',
      body: { sessions: [sessionId], session_id: [sessionId] },
    });
    t.regex(found.request_id, /^req-/);
    const newer = await ask(simulator.adminCredentials, '/maintenance', '1.1');
    t.like(newer, { status: 200, used: 'maintenance 1.1', body: { next: null } });
    t.like(newer.body.sessions[0], { session_id: sessionId, state: 'MAINTENANCE' });
    t.like(await ask(simulator.adminCredentials, '/maintenance', '1.9'), { status: 406, error: 'NotAcceptable' });
    const refused = await ask(simulator.tenantCredentials('demo'), '/maintenance');
    t.like(refused, { status: 403, error: 'Forbidden' });
    t.regex(refused.request_id, /^req-/, 'people can say which request it was');
  },
);
