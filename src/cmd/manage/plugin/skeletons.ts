import { ACTIVE_STATES } from '../../../model/index.js';

export type SkeletonType = 'action' | 'instance-action' | 'workflow';

interface Skeleton {
  readonly folder: string;
  plugin(name: string): string;
  /** @param module the plug-in, seen from the test */
  test(name: string, module: string): string;
}

const HARNESS = "'fenix/testing'";
const quoted = (text: string): string => `'${text}'`;

/** Plug-ins to begin with: plain ES modules that work as they are. */
export const SKELETONS: Readonly<Record<SkeletonType, Skeleton>> = {
  action: { folder: 'actions', plugin: action, test: actionTest },
  'instance-action': { folder: 'instance-actions', plugin: instanceAction, test: instanceActionTest },
  workflow: { folder: 'workflows', plugin: workflow, test: workflowTest },
};

function action(name: string): string {
  return `/** Writes a line into a file on the host. */
async function append({ remote, metadata }) {
  const { code, stderr } = await remote.run(['tee', '--append', metadata.file], { input: \`\${metadata.line}\\n\` });
  if (code !== 0) throw new Error(\`tee ended with \${code}: \${stderr}\`);
}

async function isThere({ remote, metadata }) {
  const { code } = await remote.run(['grep', '--line-regexp', '--fixed-strings', '--', metadata.line, metadata.file], { quiet: true });
  return code === 0;
}

export default {
  contract: 1,
  name: '${name}',
  version: '0.1.0',
  description: 'Writes a line into a file on the host',
  types: ['host', 'compute', 'controller', 'other'],
  metadataSchema: {
    type: 'object',
    properties: { file: { type: 'string', pattern: '^/' }, line: { type: 'string', minLength: 1 } },
    required: ['file', 'line'],
    additionalProperties: false,
  },
  timeoutS: 60,
  retry: { attempts: 2, waitS: 30 },

  async run(context) {
    await append(context);
    context.record({ file: context.metadata.file });
    return 'DONE';
  },
  probe: isThere,
  verify: isThere,
};
`;
}

function actionTest(name: string, module: string): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tryAction } from ${HARNESS};
import plugin from ${quoted(module)};

const metadata = { file: '/etc/motd', line: 'maintained' };
const tee = ['tee', '--append', '/etc/motd'];

test('${name} writes its line, and looks whether it is there', async () => {
  const { state, facts, ran } = await tryAction(plugin, { metadata, remote: [{ argv: tee }, { argv: ['grep'] }] });
  assert.equal(state, 'DONE');
  assert.deepEqual(facts, { file: '/etc/motd' });
  assert.equal(ran.remote[0].options.input, 'maintained\\n');
});

test('${name} fails with the program’s own words when it cannot, after a second try', async () => {
  const failing = { argv: tee, code: 1, stderr: 'Read-only file system' };
  const { state, message, attempts, tookS } = await tryAction(plugin, { metadata, remote: [failing, failing] });
  assert.equal(state, 'FAILED');
  assert.match(message, /Read-only file system/);
  assert.equal(attempts, 2);
  assert.equal(tookS, 30);
});
`;
}

function instanceAction(name: string): string {
  const needsTarget = name !== 'OWN_ACTION';
  const body = needsTarget
    ? `    // What is written goes through \`once\`, so that it happens once, also over a crash of the engine.
    await once('move', {
      run: () => cloud.liveMigrate(instanceId, target),
      probe: async () => (await cloud.server(instanceId))?.host === target,
    });
`
    : '';
  return `export default {
  contract: 1,
  name: '${name}',
  version: '0.1.0',
  description: '${needsTarget ? 'Moves an instance live to its target' : 'Waits until the instance has left its host'}',
  needsTarget: ${needsTarget},

  async run({ instanceId, from, target, cloud, clock, settings, once, watch }) {
${body}    const until = new Date(clock.now().getTime() + settings.${needsTarget ? 'liveMigrationWaitS' : 'ownActionTimeoutS'} * 1000);
    const outcome = await watch((server) => {
      if (server === undefined) return { result: 'gone' };
      if (server.taskState !== null || server.host === from) return undefined;
      return { result: 'moved', host: server.host };
    }, until);
    return outcome ?? { result: 'failed', code: 'time-out', message: \`Instance \${instanceId} did not leave in time.\` };
  },
};
`;
}

function instanceActionTest(name: string, module: string): string {
  const needsTarget = name !== 'OWN_ACTION';
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tryInstanceAction } from ${HARNESS};
import plugin from ${quoted(module)};

const cloud = { liveMigrate: async () => undefined };

test('${name} ends where the instance went', async () => {
  const looks = [{ host: 'compute-1', taskState: 'migrating' }, { host: 'compute-2' }];
  const { outcome, steps } = await tryInstanceAction(plugin, { cloud, looks });
  assert.deepEqual(outcome, { result: 'moved', host: 'compute-2' });
  assert.deepEqual(steps, ${needsTarget ? "['move']" : '[]'});
});

test('${name} tells an instance that is gone, and one that stays', async () => {
  assert.equal((await tryInstanceAction(plugin, { cloud, looks: [undefined] })).outcome.result, 'gone');
  assert.equal((await tryInstanceAction(plugin, { cloud, looks: [{ host: 'compute-1' }] })).outcome.code, 'time-out');
});
`;
}

function workflow(name: string): string {
  const ways: Readonly<Record<string, string>> = {
    MAINTENANCE: "() => ({ to: 'START_MAINTENANCE', why: 'nobody has to be asked' })",
    START_MAINTENANCE: `({ hosts }) => {
      const left = hosts.filter(({ state }) => state === 'waiting');
      if (left.length === 0) return { to: 'MAINTENANCE_COMPLETE', why: 'no host is left' };
      return { do: left.map(({ hostname: host }) => ({ kind: 'set-host-state', host, state: 'skipped', why: 'nothing to do' })) };
    }`,
    MAINTENANCE_COMPLETE: "() => ({ to: 'MAINTENANCE_DONE', why: 'nobody has to be told' })",
  };
  const states = ACTIVE_STATES.map((state) => `    ${state}: ${ways[state] ?? 'unused'},`).join('\n');
  return `const unused = ({ session }) => ({
  to: 'MAINTENANCE_FAILED',
  why: 'this workflow has no such state',
  reason: { code: 'unused-state', message: \`${name} does nothing in \${session.state}.\` },
});

export default {
  contract: 1,
  name: '${name}',
  version: '0.1.0',
  description: 'Passes over all hosts',
  style: 'default',
  states: {
${states}
  },
};
`;
}

function workflowTest(name: string, module: string): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkWorkflow } from ${HARNESS};
import plugin from ${quoted(module)};

const view = (...states) => ({ hosts: states.map((state, i) => ({ hostname: \`compute-\${i}\`, state })) });

test('${name} has what a workflow needs', () => {
  assert.equal(checkWorkflow(plugin, 'this').name, '${name}');
});

test('${name} passes over the hosts that wait, then ends', () => {
  const { do: decisions } = plugin.states.START_MAINTENANCE(view('waiting', 'skipped'));
  assert.deepEqual(decisions.map(({ host, state }) => \`\${host} \${state}\`), ['compute-0 skipped']);
  assert.equal(plugin.states.START_MAINTENANCE(view('skipped')).to, 'MAINTENANCE_COMPLETE');
});
`;
}
