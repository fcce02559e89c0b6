import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Scenario } from '../support/scenario.js';

// The scenarios watch the whole process for silence, so they run one after the other.
test.serial('a cloud is maintained host after host while its applications keep serving', async (t) => {
  const began = performance.now();
  const scenario = await Scenario.start(t);
  await scenario.system.startEngine();
  const id = await scenario.create();
  const detail = await scenario.finish(id);
  t.log(`${Math.round(performance.now() - began)} ms of real time`);
  t.is(detail.state, 'MAINTENANCE_DONE');
  t.is(detail.percent_done, 100);
  t.true(detail.hosts.every((host) => host.maintained && host.state === 'done' && !host.disabled));
  t.deepEqual(await scenario.states(id), [
    'MAINTENANCE',
    'START_MAINTENANCE',
    'PLANNED_MAINTENANCE',
    'START_MAINTENANCE',
    'PLANNED_MAINTENANCE',
    'START_MAINTENANCE',
    'MAINTENANCE_COMPLETE',
    'MAINTENANCE_DONE',
  ]);
  const report = scenario.system.simulator.report();
  t.deepEqual(report.violations, []);
  t.deepEqual(report.problems, []);
  t.deepEqual([...report.moves.values()], [1, 1, 1, 1]);
});

test.serial('a new engine goes on where a stopped one was, and nothing is moved twice', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'fenix-scenario-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const connection = `sqlite://${join(directory, 'fenix.sqlite')}`;
  const scenario = await Scenario.start(t, { cloud: { hosts: 4, instances: 9, projects: 3 }, connection });
  await scenario.system.startEngine();
  const id = await scenario.create();
  const log = scenario.system.simulator.log;
  for (const moves of [1, 4, 7]) {
    await scenario.until(() => log.of('move-begun').length >= moves);
    await scenario.system.stopEngine();
    await scenario.advance(120);
    await scenario.system.startEngine();
  }
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  const report = scenario.system.simulator.report();
  t.deepEqual(report.violations, []);
  t.deepEqual(
    [...report.moves.values()],
    Array.from({ length: 9 }, () => 1),
  );
  t.is(log.of('move-begun').length, 9);
  t.deepEqual(
    log.of('call').filter(({ status }) => status >= 400),
    [],
  );
});

test.serial('Placement that lags behind is believed as soon as it agrees: nobody has to scale in', async (t) => {
  const cloud = { hosts: 3, instances: 4, emptyHosts: 1, timings: { disabledTraitLag: 7 } };
  const scenario = await Scenario.start(t, { cloud });
  await scenario.system.startEngine();
  const id = await scenario.create();
  t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
  t.false((await scenario.states(id)).includes('SCALE_IN'));
  const history = await scenario.history(id);
  t.true(history.some(({ what }) => what === 'plan-refuted'));
  const planned = history.filter(({ what }) => what === 'plan').map(({ details }) => details.host);
  t.is(new Set(planned).size, planned.length, 'each host once');
});
