import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { httpDouble } from '../http-double.js';
import type { StandIns } from './matrix.js';
import type { Scene } from './stage.js';

/** Runs here what it is to run on a host. */
const SSH = '#!/bin/sh\nfor last; do :; done\nexec /bin/sh -c "$last"\n';
/** Times that the operator's system is asked about a piece of work before it is done. */
const ASKED = 3;

/**
 * A host that reboots and a system that is called, both of which write into the run's log what really happened, and how
 * often: a reboot, and each piece of work by its key. With them host `a` is worked on and retired, when `c` has joined.
 */
export async function hostAndSystem(t: ExecutionContext): Promise<StandIns> {
  const folder = mkdtempSync(join(tmpdir(), 'fenix-stand-ins-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [bootId, secrets] = [join(folder, 'boot-id'), join(folder, 'secrets.json')];
  writeFileSync(join(folder, 'ssh'), SSH, { mode: 0o755 });
  writeFileSync(secrets, JSON.stringify({ jobs: 'a secret of enough letters' }));
  // Engines are processes of ours.
  const { PATH = '' } = process.env;
  process.env.PATH = [folder, PATH].join(delimiter);
  t.teardown(() => {
    process.env.PATH = PATH;
  });
  let log = '';
  const jobs = new Map<string, number>();
  const double = await httpDouble(({ body }) => {
    const { call, key, host } = body as { readonly call: string; readonly key: string; readonly host: string };
    const asked = jobs.get(key);
    if (asked === undefined && call === 'status') return { status: 404 };
    if (asked === undefined) appendFileSync(log, `job for ${host}\n`);
    jobs.set(key, (asked ?? 0) + 1);
    return { body: { status: (asked ?? 0) >= ASKED ? 'done' : 'running', poll_after: 5 } };
  });
  t.teardown(() => double.close());
  return {
    options: {
      remote: { user: 'fenix' },
      http_hook: { allowed_hosts: new URL(double.url).host, require_https: false, secrets_file: secrets },
    },
    begin: (scene: Scene) => {
      log = scene.log;
      jobs.clear();
      writeFileSync(bootId, 'first');
      const reboot = `echo rebooted >> ${log}; echo second > ${bootId}`;
      return {
        actions: [
          { plugin: 'host-scale', type: 'pre', name: 'new', metadata: { add: { hosts: ['c'], aggregates: ['fast'] } } },
          {
            plugin: 'http-hook',
            type: 'compute',
            name: 'hook',
            order: 1,
            metadata: { url: double.url, secret: 'jobs' },
          },
          {
            plugin: 'reboot',
            type: 'compute',
            order: 2,
            metadata: { boot_id_path: bootId, reboot_argv: ['/bin/sh', '-c', reboot], service_down_time: 0 },
          },
          { plugin: 'host-scale', type: 'compute', name: 'old', order: 3, metadata: { retire: { hosts: ['a'] } } },
        ],
      };
    },
  };
}
