import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { NewSession } from '../../src/client/index.js';
import { httpDouble } from '../support/http-double.js';
import { Scenario } from '../support/scenario.js';

/** What the system remembers of a piece of work. */
interface Job {
  readonly host: string;
  /** Times that it was begun. */
  begun: number;
  asked: number;
}

/** A system that begins each piece of work once, by its key, and is done when it was asked often enough. */
async function aSystem(t: ExecutionContext) {
  const jobs = new Map<string, Job>();
  const checked: string[] = [];
  const double = await httpDouble(({ body }) => {
    const { call, key, host } = body as { readonly call: string; readonly key: string; readonly host: string };
    if (call === 'check') {
      checked.push(host);
      return { body: { status: 'done' } };
    }
    const job = jobs.get(key) ?? { host, begun: 0, asked: 0 };
    if (call === 'status' && job.begun === 0) return { status: 404 };
    if (call === 'run' && job.begun === 0) job.begun += 1;
    jobs.set(key, job);
    job.asked += 1;
    return { body: { status: job.asked > 4 ? 'done' : 'running', poll_after: 60 } };
  });
  t.teardown(() => double.close());
  return { url: double.url, jobs, checked };
}

async function story(t: ExecutionContext) {
  const system = await aSystem(t);
  const directory = mkdtempSync(join(tmpdir(), 'fenix-hook-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const secretsFile = join(directory, 'secrets.json');
  writeFileSync(secretsFile, JSON.stringify({ jobs: 'a secret of enough letters' }));
  const allowed = { allowed_hosts: new URL(system.url).host, require_https: false, secrets_file: secretsFile };
  const scenario = await Scenario.start(t, { options: { http_hook: allowed } });
  await scenario.system.startEngine();
  const create = (metadata: object = {}, overrides: Partial<NewSession> = {}) =>
    scenario.create({
      actions: [
        {
          plugin: 'http-hook',
          type: 'host',
          name: 'firmware',
          metadata: { url: system.url, secret: 'jobs', ...metadata },
        },
      ],
      ...overrides,
    });
  return { scenario, system, create };
}

test.serial(
  'a system of the operator maintains the hosts; it begins each piece of work once, whichever engine asks',
  async (t) => {
    const { scenario, system, create } = await story(t);
    const id = await create({ calls: ['check'] });
    for (const engines of [1, 2]) {
      await scenario.until(() => system.jobs.size === engines);
      const { engine } = scenario.system;
      await scenario.system.startEngine();
      await scenario.system.stopEngine(engine);
    }
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.deepEqual([...system.jobs.values()].map(({ host, begun }) => [host, begun]).sort(), [
      ['compute-1', 1],
      ['compute-2', 1],
      ['compute-3', 1],
    ]);
    t.deepEqual(system.checked.sort(), ['compute-1', 'compute-2', 'compute-3']);
  },
);

test.serial('what the configuration does not allow is known before anybody is told', async (t) => {
  const { scenario, system, create } = await story(t);
  const detail = await scenario.finish(await create({ secret: 'other' }));
  t.is(detail.state, 'MAINTENANCE_FAILED');
  t.like(detail.reason, { code: 'plugin-failed', plugin: 'http-hook' });
  t.regex(detail.reason?.message ?? '', /secrets_file has no secret "other"/);
  t.deepEqual(detail.projects, []);
  t.is(system.jobs.size, 0);
});
