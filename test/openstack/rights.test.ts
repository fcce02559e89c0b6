import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { parse } from 'yaml';
import { TestCloud } from './cloud/cloud.js';
import { environment } from './cloud/environment.js';
import { ETC_FOLDER, PYTHON_FOLDER } from './cloud/settings.js';
import { Fenix } from './support/fenix.js';

/*
 * All stories here run with a service user whose roles are `fenix` and `service`, under the policies of etc/fenix/rights.
 * These tests say how much that is.
 */
/** Where each service has its rules. */
const RULES = {
  keystone: 'keystone.common.policies',
  nova: 'nova.policies',
  neutron: 'neutron.conf.policies',
  placement: 'placement.policies',
  aodh: 'aodh.api.policies',
};

/** Granted by role `service` in Keystone's own rules. */
const BY_SERVICE = [
  'identity:ec2tokens_validate',
  'identity:list_revoke_events',
  'identity:revocation_list',
  'identity:s3tokens_validate',
  'identity:validate_token',
];

for (const [service, module] of Object.entries(RULES)) {
  test(`${service} grants the service user what etc/fenix/rights names, of all its rules nothing else`, async (t) => {
    const file = join(ETC_FOLDER, 'rights', `${service}.yaml`);
    const rules = Object.entries(parse(readFileSync(file, 'utf8')) as Record<string, string>);
    const named = rules
      .filter(([name, rule]) => rule.endsWith('role:fenix') && !name.startsWith('context_is_'))
      .map(([name]) => name);
    const args = [join(PYTHON_FOLDER, 'granted.py'), module, file, 'fenix', 'service'];
    const { home } = TestCloud.open().settings;
    const { stdout } = await promisify(execFile)('/usr/bin/python3', args, { env: environment(home) });
    const granted = stdout.trim().split('\n');
    t.deepEqual(granted, [...named, ...(service === 'keystone' ? BY_SERVICE : [])].sort());
  });
}

test('the service user is denied what it does not need', async (t) => {
  const cloud = TestCloud.open();
  await Fenix.registered(t, cloud);
  const fenix = cloud.as('fenix', 'service');
  const asked = [
    ['compute', 'POST', '/os-aggregates', { aggregate: { name: 'own' } }],
    ['compute', 'GET', '/os-quota-sets/another', undefined],
    ['compute', 'GET', '/os-simple-tenant-usage', undefined],
    ['placement', 'POST', '/resource_providers', { name: 'own' }],
    ['identity', 'GET', '/users', undefined],
    ['identity', 'POST', '/projects', { project: { name: 'own' } }],
  ] as const;
  for (const [type, method, path, body] of asked) {
    await t.throwsAsync(fenix.call(type, method, path, body), { message: /: 403 / }, `${method} ${path}`);
  }
});
