import test from 'ava';
import { startBalancer } from '../../src/cmd/demo/balancer.js';
import { httpDouble } from '../support/http-double.js';

const portOf = (url: string): number => Number(new URL(url).port);

test('each connection goes to the next API that takes it; one that is down costs nobody an answer', async (t) => {
  const apis = await Promise.all([1, 2].map((number) => httpDouble(() => ({ body: { number } }))));
  const dead = await httpDouble(() => ({}));
  const ports = [portOf(dead.url), ...apis.map(({ url }) => portOf(url))];
  await dead.close();
  const balancer = await startBalancer(ports);
  t.teardown(() => balancer.stop());
  for (let time = 0; time < 6; time += 1) {
    t.is((await fetch(balancer.url, { headers: { connection: 'close' } })).status, 200);
  }
  t.deepEqual(
    apis.map(({ arrived }) => arrived.length > 0),
    [true, true],
  );
  await Promise.all(apis.map((api) => api.close()));
  await t.throwsAsync(fetch(balancer.url), { instanceOf: TypeError });
});
