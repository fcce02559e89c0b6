import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { asEnvironment, Program } from './program.js';
import { Scenario, type ScenarioOptions } from './scenario.js';

interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A scenario whose database other processes can open, and fenix-manage as such a process. */
export async function withManage(t: ExecutionContext, options: ScenarioOptions = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'fenix-test-manage-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const connection = `sqlite://${join(directory, 'fenix.sqlite')}`;
  const scenario = await Scenario.start(t, { ...options, connection });
  await scenario.system.startEngine();
  const { authUrl, serviceCredentials } = scenario.system.simulator;
  const { username, password, projectName } = serviceCredentials;
  const user = { os_auth_url: authUrl, os_username: username, os_password: password, os_project_name: projectName };
  const environment = asEnvironment({ database: { connection }, service_user: user, nova: { interface: 'public' } });
  const run = async (args: string[], env: Record<string, string>): Promise<Ended> => {
    const program = new Program(t, 'manage', args, env);
    const code = await program.ended;
    return { code, stdout: program.stdout, stderr: program.stderr };
  };
  return {
    scenario,
    manage: (...args: string[]) => run(args, environment),
    withoutCloud: (...args: string[]) => run(args, asEnvironment({ database: { connection } })),
  };
}
