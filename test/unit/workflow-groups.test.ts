import test from 'ava';
import workflow from '../../plugins/workflows/default.js';
import type { GroupConstraints, InstanceConstraints } from '../../src/model/index.js';
import type { Server } from '../../src/workflow/cloud-port.js';
import { ConstraintBook } from '../../src/workflow/constraint-book.js';
import { groupOf } from '../../src/workflow/groups.js';
import { anEffect, aServer, aService, at, aView, tools } from '../support/engine-views.js';

const owner = { ownerProjectId: 'tenant', byAdmin: false, record: {} };

const group: GroupConstraints = {
  ...owner,
  groupId: 'g',
  antiAffinity: false,
  maxInstancesPerHost: 0,
  maxImpactedMembers: 1,
  maxImpactedTable: [],
  minPreservedTable: [],
  recoveryTimeS: 60,
  leadTimeS: null,
  resourceMitigation: false,
  notifyStates: [],
};

function aMember({ id }: Server): InstanceConstraints {
  return {
    ...owner,
    instanceId: id,
    groupId: 'g',
    maxInterruptionTimeS: 120,
    migrationTypes: ['MIGRATE'],
    leadTimeS: null,
    resourceMitigation: null,
  };
}

test('V1: members in ERROR, on a dead host, or that Nova has off for a move or a resize count as impacted', (t) => {
  const servers = [
    aServer('well', 'c1'),
    aServer('failed', 'c1', { status: 'ERROR' }),
    aServer('resizing', 'c1', { status: 'RESIZE' }),
    aServer('arrived', 'c1', { status: 'VERIFY_RESIZE' }),
    aServer('on-a-dead-host', 'c2'),
  ];
  const view = aView({ services: [aService('c1'), aService('c2', { up: false })], servers });
  const constraints = new ConstraintBook(servers.map(aMember), [group], () => 'tenant');
  const [well] = servers as [Server];
  t.deepEqual(groupOf({ ...view, constraints }, well).broken, ['failed', 'resizing', 'on-a-dead-host']);
});

test('V1: without records only who is off for a move or a resize counts, of the same project and flavor', (t) => {
  const servers = [
    aServer('well', 'c1'),
    aServer('failed', 'c1', { status: 'ERROR' }),
    aServer('resizing', 'c1', { status: 'RESIZE' }),
    aServer('of-others', 'c1', { status: 'RESIZE', projectId: 'others' }),
    aServer('of-another-size', 'c1', { status: 'RESIZE', flavorName: 'm1.large' }),
  ];
  const view = aView({ services: [aService('c1')], servers });
  t.deepEqual(groupOf(view, servers[0] as Server).broken, ['resizing']);
});

test('V4: a target on which somebody else placed a member meanwhile is replaced; with no other one room is asked for', async (t) => {
  const apart = { ...group, antiAffinity: true, maxInstancesPerHost: 1, maxImpactedMembers: 2 };
  const handle = (servers: readonly Server[]) => {
    const view = aView({
      hosts: [
        { hostname: 'c1', state: 'emptying', disabled: true },
        { hostname: 'c2', state: 'done', maintained: true },
        { hostname: 'c3', state: 'done', maintained: true },
      ],
      servers,
      notices: [{ state: 'PLANNED_MAINTENANCE', host: 'c1', instanceIds: ['mine'], outcome: 'ack', closedAt: at(-10) }],
      rest: {
        constraints: new ConstraintBook(servers.map(aMember), [apart], () => 'tenant'),
        effects: [anEffect({ kind: 'service', subject: 'c1', action: 'disable', state: 'done' })],
        plans: new Map([['c1', { host: 'c1', moves: [{ instanceId: 'mine', target: 'c2' }], blocked: [] }]]),
      },
    });
    return workflow.states.PLANNED_MAINTENANCE(view, tools());
  };
  const mine = aServer('mine', 'c1');
  t.like(await handle([mine]), { do: [{ kind: 'move-instance', instanceId: 'mine', target: 'c2' }] });
  const moved = aServer('of-another-session', 'c2');
  t.like(await handle([mine, moved]), {
    do: [{ kind: 'adopt-plan', plan: { host: 'c1', moves: [{ instanceId: 'mine', target: 'c3' }] } }],
  });
  t.like(await handle([mine, moved, aServer('one-more', 'c3')]), { to: 'SCALE_IN' });
});
