import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { sampleOfPolicy } from '../../src/api/index.js';
import { aDirectory, Program } from '../support/program.js';
import { sample } from '../support/samples.js';

test('fenix-manage says which rules a token passes by the policy beside the configuration', async (t) => {
  const directory = aDirectory(t);
  const write = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const config = write('fenix.conf', '[DEFAULT]\nlog_format = json\n');
  const answered = sample('keystone-get-auth-tokens-nocatalog').body;
  const access = write('token.json', JSON.stringify(answered));
  const manage = async (...args: string[]): Promise<[exitCode: number | string, output: string]> => {
    const program = new Program(t, 'manage', ['--config-file', config, 'policy', ...args], {});
    return [await program.ended, program.stdout + program.stderr];
  };
  const check = (...args: string[]) => manage('check', '--access', access, ...args);

  t.deepEqual(await manage('sample'), [0, sampleOfPolicy()]);
  const [, all] = await check();
  t.regex(all, /^failed: fenix:maintenance:list$/m);
  t.regex(all, /^passed: fenix:project:reply$/m);
  const reply = ['--rule', 'fenix:project:reply'];
  t.deepEqual(await check(...reply), [0, 'passed: fenix:project:reply\n']);
  t.deepEqual(await check(...reply, '--target', 'project_id=other'), [1, 'failed: fenix:project:reply\n']);

  write('policy.yaml', '"fenix:maintenance:list": "role:member"\n');
  t.deepEqual(await check('--rule', 'fenix:maintenance:list'), [0, 'passed: fenix:maintenance:list\n']);
  write('policy.yaml', '"fenix:maintenance:list": "role:member or"\n');
  const [status, sentence] = await manage('check');
  t.is(status, 1);
  t.regex(sentence, /policy\.yaml, line 1: rule "fenix:maintenance:list" is not understood: it ends where/);
});
