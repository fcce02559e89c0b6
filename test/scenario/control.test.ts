import test from 'ava';
import { Repositories } from '../../src/db/repositories.js';
import type { CommandKind } from '../../src/model/index.js';
import { Scenario } from '../support/scenario.js';

/** What the API's control endpoint does: a row, and a hint. */
async function command(scenario: Scenario, sessionId: string, kind: CommandKind, args: object = {}): Promise<void> {
  const { commands } = new Repositories(scenario.system.database);
  await commands.insert({
    sessionId,
    kind,
    args: { ...args },
    userId: 'admin',
    requestId: 'req-1',
    receivedAt: scenario.clock.now(),
  });
  scenario.system.engine?.wake(sessionId);
}

test.serial('a failed plug-in leaves its host disabled; continuing runs it again there only', async (t) => {
  const scenario = await Scenario.start(t);
  await scenario.system.startEngine();
  const metadata = { duration: 5, fail_on: ['compute-1'], fail_times: 1 };
  const id = await scenario.create({ actions: [{ plugin: 'noop', type: 'host', metadata }] });
  const failed = await scenario.finish(id);
  t.is(failed.state, 'MAINTENANCE_FAILED');
  t.like(failed.reason, { code: 'plugin-failed', host: 'compute-1' });
  const disabled = (hosts: typeof failed.hosts) => hosts.filter((host) => host.disabled).map((host) => host.hostname);
  t.deepEqual(disabled(failed.hosts), ['compute-1']);
  await command(scenario, id, 'continue-session');
  const done = await scenario.finish(id);
  t.is(done.state, 'MAINTENANCE_DONE', JSON.stringify(done.reason));
  t.deepEqual(disabled(done.hosts), []);
  t.deepEqual(done.action_plugin_instances.map(({ hostname, state, attempt }) => [hostname, state, attempt]).sort(), [
    ['compute-1', 'DONE', 2],
    ['compute-2', 'DONE', 1],
    ['compute-3', 'DONE', 1],
  ]);
  t.deepEqual(scenario.system.simulator.report().violations, []);
});

test.serial('a paused session begins nothing and loses nothing', async (t) => {
  const scenario = await Scenario.start(t);
  await scenario.system.startEngine();
  const id = await scenario.create();
  const { log } = scenario.system.simulator;
  await scenario.until(() => log.of('move-begun').length > 0);
  await command(scenario, id, 'pause');
  await scenario.advance(30);
  const moves = log.of('move-begun').length;
  await scenario.advance(7200);
  t.is(log.of('move-begun').length, moves);
  t.not((await scenario.system.client.show(id)).paused_at, null);
  await command(scenario, id, 'resume');
  t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
  t.deepEqual(scenario.system.simulator.report().violations, []);
});

test.serial('an aborted session gives everything back, ends as aborted and cannot be continued', async (t) => {
  for (const when of [1, 3]) {
    const scenario = await Scenario.start(t);
    await scenario.system.startEngine();
    const id = await scenario.create();
    const { log } = scenario.system.simulator;
    await scenario.until(() => log.of('move-begun').length >= when);
    await command(scenario, id, 'abort');
    const ended = await scenario.finish(id);
    t.is(ended.state, 'MAINTENANCE_FAILED');
    t.is(ended.reason?.code, 'aborted');
    t.true(ended.hosts.every((host) => !host.disabled));
    t.deepEqual(scenario.system.simulator.report().violations, []);
    await command(scenario, id, 'continue-session');
    await scenario.advance(60);
    t.is((await scenario.system.client.show(id)).state, 'MAINTENANCE_FAILED');
    await scenario.system.stopEngine();
  }
});

test.serial('a host that an admin skips is left out, one marked as done counts as maintained', async (t) => {
  const scenario = await Scenario.start(t);
  await scenario.system.startEngine();
  const id = await scenario.create();
  await scenario.until(async () => (await scenario.system.client.detail(id)).hosts.length === 3);
  await command(scenario, id, 'skip_host', { host: 'compute-1' });
  await command(scenario, id, 'mark_host_done', { host: 'compute-3' });
  const done = await scenario.finish(id);
  t.is(done.state, 'MAINTENANCE_DONE', JSON.stringify(done.reason));
  const states = Object.fromEntries(done.hosts.map((host) => [host.hostname, [host.state, host.maintained]]));
  t.deepEqual(states, { 'compute-1': ['skipped', false], 'compute-2': ['done', true], 'compute-3': ['done', true] });
  t.is(scenario.system.simulator.log.of('move-begun').length, 0);
});
