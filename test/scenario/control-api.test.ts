import { channel } from 'node:diagnostics_channel';
import test from 'ava';
import { Scenario } from '../support/scenario.js';

test.serial('an admin runs a session by the API alone: pause, resume, and continuing after a failure', async (t) => {
  const scenario = await Scenario.start(t);
  await scenario.system.startEngine();
  const { client } = scenario.system;
  const metadata = { duration: 5, fail_on: ['compute-1'], fail_times: 1 };
  const id = await scenario.create({
    actions: [{ plugin: 'noop', type: 'host', metadata }],
    limits: { hosts: 1 },
    policy: { plugin_failed: 'fail' },
  });
  await client.control(id, { pause: {} });
  await scenario.advance(60);
  t.not((await client.show(id)).paused_at, null);
  await client.control(id, { resume: {} });
  const failed = await scenario.finish(id);
  t.like(failed.reason, { code: 'plugin-failed', host: 'compute-1' });
  t.like(failed, { limits: { hosts: 1 }, policy: { plugin_failed: 'fail' } });
  t.is(await client.resumeFailed(id), 'START_MAINTENANCE');
  const done = await scenario.finish(id);
  t.is(done.state, 'MAINTENANCE_DONE', JSON.stringify(done.reason));
  const told = (await client.history(id)).map(({ what }) => what);
  for (const what of ['session-created', 'pause', 'resume', 'continue-session']) t.true(told.includes(what), what);
  t.deepEqual(scenario.system.simulator.report().violations, []);
});

test.serial('what an admin did by hand on the host that failed counts, and the rest is maintained', async (t) => {
  const scenario = await Scenario.start(t);
  await scenario.system.startEngine();
  const { client } = scenario.system;
  const metadata = { duration: 5, fail_on: ['compute-1'], fail_times: 9 };
  const id = await scenario.create({ actions: [{ plugin: 'noop', type: 'host', metadata }] });
  t.is((await scenario.finish(id)).state, 'MAINTENANCE_FAILED');
  await client.control(id, { mark_host_done: { host: 'compute-1' } });
  await client.resumeFailed(id);
  const done = await scenario.finish(id);
  t.is(done.state, 'MAINTENANCE_DONE', JSON.stringify(done.reason));
  t.true(done.hosts.every(({ maintained, disabled }) => maintained && !disabled));
  const runs = done.action_plugin_instances.filter(({ hostname }) => hostname === 'compute-1');
  t.deepEqual(
    runs.map(({ state, attempt }) => [state, attempt]),
    [['FAILED', 1]],
    'not run again',
  );
});

test.serial(
  "calls to Nova carry the id of the request that made the session, as the cloud's logs want it",
  async (t) => {
    const scenario = await Scenario.start(t);
    await scenario.system.startEngine();
    const asked: { line: string; headers: string }[] = [];
    const watch = (message: unknown): void => {
      const { request } = message as { request: { method: string; path: string; headers: unknown } };
      asked.push({ line: `${request.method} ${request.path}`, headers: String(request.headers) });
    };
    channel('undici:request:create').subscribe(watch);
    t.teardown(() => channel('undici:request:create').unsubscribe(watch));
    const id = await scenario.create();
    t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
    const [created] = await scenario.history(id);
    const requestId = String(created?.details.request_id);
    t.regex(requestId, /^req-/);
    const writes = asked.filter(({ line }) => /^(POST|PUT) \/compute\//.test(line));
    t.true(writes.length > 3, 'services were disabled and enabled, instances moved');
    for (const { line, headers } of writes) t.true(headers.includes(requestId), line);
  },
);
