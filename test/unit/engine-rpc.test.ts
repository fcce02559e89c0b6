import { readFileSync } from 'node:fs';
import test from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { decodeMessage } from '../../src/messaging/envelope.js';
import { MemoryBroker } from '../../src/messaging/memory-broker.js';
import { RpcClient } from '../../src/messaging/rpc-client.js';
import { isVersionCompatible } from '../../src/messaging/version.js';
import { EngineApi } from '../../src/rpc/engine-api.js';
import { serveEngineApi } from '../../src/rpc/engine-server.js';
import { ENGINE_API_VERSION, ENGINE_METHODS, engineVersionCap, RELEASES } from '../../src/rpc/engine-versions.js';
import { recording } from '../support/messaging.js';

const page = readFileSync(new URL('../../../docs/messaging.md', import.meta.url), 'utf8');
const common = { exchange: 'openstack', clock: new SystemMachineClock(), logger: silentLogger };

async function anEngine(memory: MemoryBroker): Promise<void> {
  const handlers = { wake: () => undefined, ping: () => ({ engineId: 'engine-1', version: '0.1.0' }) };
  await serveEngineApi({ ...common, broker: memory.connect(), server: 'host-1' }, handlers).start();
}

test('the page on messaging tells each method with its version, and each release', (t) => {
  const methods = [...page.matchAll(/^\| `(\w+)` \| (\d+\.\d+) \|/gm)].map(([, name, version]) => [name, version]);
  t.deepEqual(methods, Object.entries(ENGINE_METHODS));
  const releases = [...page.matchAll(/^\| `(release-[\d.]+)` \| (\d+\.\d+) \|/gm)].map(([, name, version]) => [
    name,
    version,
  ]);
  t.deepEqual(releases, Object.entries(RELEASES));
  for (const version of Object.values(ENGINE_METHODS)) t.true(isVersionCompatible(ENGINE_API_VERSION, version));
});

test('each method is asked for in the version in which it came, so that older engines take it', async (t) => {
  const memory = new MemoryBroker();
  await anEngine(memory);
  const broker = recording(memory.connect());
  const api = new EngineApi({ client: new RpcClient({ ...common, broker }), logger: silentLogger });
  await api.wake('s');
  await api.ping();
  await api.wakeAll(['s', 's2']);
  const asked = broker.published
    .map((message) => decodeMessage(message))
    .map(({ method, version }) => [method, version]);
  t.deepEqual(asked, Object.entries(ENGINE_METHODS));
});

test('a cap is a version or a release of ours, never more than this code knows', (t) => {
  t.is(engineVersionCap(''), undefined);
  t.is(engineVersionCap('1.0'), '1.0');
  t.is(engineVersionCap('1.1'), '1.1');
  t.is(engineVersionCap('release-0.1'), '1.0');
  for (const level of ['1.99', '2.0', 'auto', 'release-9', 'toString', '1', 'x']) {
    const refused = { code: 'config-invalid', message: /\[upgrade_levels\] must be a version up to 1\.1, or one of/ };
    t.throws(() => engineVersionCap(level), refused, level);
  }
});

test('with a cap below what is needed the API goes without, and says so once', async (t) => {
  const memory = new MemoryBroker();
  await anEngine(memory);
  const broker = recording(memory.connect());
  const warnings: object[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => void warnings.push(fields) };
  const api = new EngineApi({ client: new RpcClient({ ...common, broker }), logger, versionCap: '0.9' });
  t.false(await api.wake('s'));
  t.false(await api.wake('s'));
  t.is(warnings.length, 1);
  await t.throwsAsync(api.ping(), { code: 'version-cap' });
  t.is(broker.published.length, 0);
});

test('with engines that know no wake_all each session is named by itself', async (t) => {
  const memory = new MemoryBroker();
  await anEngine(memory);
  const broker = recording(memory.connect());
  const api = new EngineApi({ client: new RpcClient({ ...common, broker }), logger: silentLogger, versionCap: '1.0' });
  t.true(await api.wakeAll(['s', 's2']));
  const asked = broker.published.map((message) => decodeMessage(message));
  t.deepEqual(
    asked.map(({ method, version, args }) => [method, version, args]),
    ['s', 's2'].map((id) => ['wake', '1.0', { session_id: id }]),
  );
});
