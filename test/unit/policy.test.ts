import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { DEFAULT_RULES, sampleOfPolicy } from '../../src/api/index.js';
import { parsePolicy } from '../../src/policy/file.js';
import { BadPolicyFile, type Credentials, PolicyEnforcer, type PolicySettings } from '../../src/policy/index.js';
import { type LogLine, logInto } from '../support/api-log.js';
import { SteppedMachineClock } from '../support/stepped-machine-clock.js';

const ADMIN = { project_id: 'p', roles: ['admin', 'member', 'reader'] };
const READER = { project_id: 'p', roles: ['reader'] };
const LEGACY = { project_id: 'p', roles: ['_member_'] };
const SYSTEM_READER = { system_scope: 'all', roles: ['reader'] };
const SYSTEM_ADMIN = { system_scope: 'all', roles: ['admin'] };
const DOMAIN_ADMIN = { domain_id: 'd', roles: ['admin'] };

/** An enforcer of our rules on a directory with these files. */
function anEnforcer(t: ExecutionContext, files: Record<string, string> = {}, settings: Partial<PolicySettings> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'fenix-policy-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'policy.d'));
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  for (const [name, text] of Object.entries(files)) write(name, text);
  const clock = new SteppedMachineClock();
  const log: LogLine[] = [];
  const make = () =>
    new PolicyEnforcer(
      DEFAULT_RULES,
      {
        file: join(directory, 'policy.yaml'),
        directories: [join(directory, 'policy.d'), join(directory, 'not-there')],
        defaultRule: 'default',
        enforceScope: true,
        enforceNewDefaults: false,
        ...settings,
      },
      clock,
      logInto((line) => log.push(line)),
    );
  return { make, write, clock, log, directory };
}

function allowed(enforcer: PolicyEnforcer, rule: string, callers: Readonly<Record<string, Credentials>>): string[] {
  const target = { project_id: 'p' };
  return Object.entries(callers).flatMap(([name, caller]) => (enforcer.allows(rule, target, caller) ? [name] : []));
}

const CALLERS = { ADMIN, READER, LEGACY, SYSTEM_READER, SYSTEM_ADMIN, DOMAIN_ADMIN };

test('without a file the rules are those of fenix-v1 1.1', (t) => {
  const enforcer = anEnforcer(t).make();
  t.deepEqual(allowed(enforcer, 'fenix:maintenance:list', CALLERS), ['ADMIN', 'SYSTEM_ADMIN']);
  t.deepEqual(allowed(enforcer, 'fenix:maintenance:delete', CALLERS), ['ADMIN', 'SYSTEM_ADMIN']);
  t.deepEqual(allowed(enforcer, 'fenix:project:get', { READER, LEGACY, OTHER: { ...READER, project_id: 'q' } }), [
    'READER',
    'LEGACY',
  ]);
  t.deepEqual(allowed(enforcer, 'fenix:project:reply', CALLERS), ['ADMIN', 'LEGACY', 'SYSTEM_ADMIN']);
  t.deepEqual(allowed(enforcer, 'fenix:nothing', CALLERS), [], 'what nobody knows nobody may');
});

test('the new defaults let readers of the system look, and writers need role member', (t) => {
  const enforcer = anEnforcer(t, {}, { enforceNewDefaults: true }).make();
  const looking = ['ADMIN', 'SYSTEM_READER', 'SYSTEM_ADMIN'];
  t.deepEqual(allowed(enforcer, 'fenix:maintenance:detail', CALLERS), looking);
  t.deepEqual(allowed(enforcer, 'fenix:maintenance:action', CALLERS), ['ADMIN', 'SYSTEM_ADMIN']);
  t.false(enforcer.allows('fenix:project:reply', { project_id: 'p' }, LEGACY));
});

test('scopes are enforced unless that is switched off', (t) => {
  t.false(anEnforcer(t).make().allows('fenix:maintenance:list', {}, DOMAIN_ADMIN));
  t.true(anEnforcer(t, {}, { enforceScope: false }).make().allows('fenix:maintenance:list', {}, DOMAIN_ADMIN));
});

test('files change rules: policy_file, then those of policy_dirs by name', (t) => {
  const enforcer = anEnforcer(t, {
    'policy.yaml':
      '"watcher": "role:watcher"\n"fenix:maintenance:list": "rule:watcher"\n"fenix:maintenance:get": "!"\n',
    'policy.d/20.yaml': 'fenix:maintenance:get: [["role:reader", "system_scope:all"], "rule:context_is_admin"]',
    'policy.d/10.json': '{"fenix:maintenance:get": "@"}',
    'policy.d/.hidden.yaml': 'nonsense',
  }).make();
  t.deepEqual(allowed(enforcer, 'fenix:maintenance:get', CALLERS), ['ADMIN', 'SYSTEM_READER', 'SYSTEM_ADMIN']);
  t.deepEqual(allowed(enforcer, 'fenix:maintenance:list', { ...CALLERS, WATCHER: { roles: ['watcher'] } }), [
    'WATCHER',
  ]);
});

test('the default rule stands for what is not there', (t) => {
  const enforcer = anEnforcer(t, {
    'policy.yaml': 'default: "role:reader"\nfenix:maintenance:get: "rule:gone"',
  }).make();
  t.true(enforcer.allows('fenix:nothing', {}, READER));
  t.true(enforcer.allows('fenix:maintenance:get', {}, READER));
  t.false(enforcer.allows('fenix:maintenance:list', {}, READER));
});

test('a changed file is read again, a broken one is named and changes nothing', (t) => {
  const { make, write, clock, log } = anEnforcer(t);
  const enforcer = make();
  const mayList = () => {
    clock.aheadMs += 2000;
    return enforcer.allows('fenix:maintenance:list', {}, READER);
  };
  t.false(mayList());
  write('policy.yaml', 'fenix:maintenance:list: "role:reader"');
  t.true(mayList());
  write('policy.yaml', 'fenix:maintenance:list: "role:reader and"');
  t.true(mayList());
  t.true(mayList());
  const errors = log.filter(({ level }) => level === 'error');
  t.is(errors.length, 1);
  t.regex(String(errors[0]?.fields.error), /policy\.yaml, line 1: rule "fenix:maintenance:list" is not understood/);
  write('policy.d/new.yaml', 'fenix:maintenance:list: "!"');
  write('policy.yaml', '');
  t.false(mayList());
});

const BROKEN: readonly [text: string, message: RegExp][] = [
  ['a: "@"\nb: "role:x or"\nc: "role"\n', /line 2: rule "b" .*\n.*line 3: rule "c" .*"role" is no check/],
  ['a: "@"\na: "!"\n', /line 2: Map keys must be unique/],
  ['"a": "x:y\n', /line \d: Missing closing/],
  ['- a\n', /names and rules/],
  ['a: {b: c}\n', /line 1: rule "a" .* must be text/],
  ['a:\n', /line 1: rule "a" .* must be text/],
  ['a: "rule:b"\nb: "not rule:a"\n', /line 1: rule "a" refers to itself\.\n.*line 2: rule "b" refers to itself/],
];
for (const [text, message] of BROKEN) {
  test(`a policy that cannot be used is refused at the start: ${JSON.stringify(text)}`, (t) => {
    const { make } = anEnforcer(t, { 'policy.yaml': text });
    t.throws(make, { instanceOf: BadPolicyFile, message });
  });
}

test('a file that was asked for must be there; names that look misspelt are told', (t) => {
  const { make } = anEnforcer(t, {}, { fileRequired: true });
  t.throws(make, { instanceOf: BadPolicyFile, message: /policy\.yaml is not there/ });
  const told = anEnforcer(t, { 'policy.yaml': 'fenix:maintenance:lst: "@"\nown: "rule:none"\n' });
  told.make();
  t.like(told.log[0], { level: 'warn', fields: { rule: 'fenix:maintenance:lst' } });
  t.like(told.log[1], { level: 'warn', fields: { rule: 'own', reference: 'none' } });
});

test('the sample in the repository is the one that the code makes, and uncommented says what the code says', (t) => {
  const path = new URL('../../../etc/fenix/policy.yaml.sample', import.meta.url);
  t.is(readFileSync(path, 'utf8'), sampleOfPolicy(), 'run "npm run sample"');
  const uncommented = sampleOfPolicy().replace(/^#(")/gm, '$1');
  t.deepEqual(
    parsePolicy(uncommented, 'sample').map(({ name }) => name),
    DEFAULT_RULES.map(({ name }) => name),
  );
  t.deepEqual(parsePolicy(sampleOfPolicy(), 'sample'), []);
  t.regex(sampleOfPolicy(), /# PUT {2}\/v1\/maintenance\/\{session_id\}\/\{project_id\}\n/);
});
