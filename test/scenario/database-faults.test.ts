import test, { type ExecutionContext } from 'ava';
import { isCommit, type Statement, serverError, type Trouble, troubled } from '../support/database-faults.js';
import { Scenario } from '../support/scenario.js';

/* What a MySQL, MariaDB or Galera server may say at any statement; the session must not notice. */

const isWrite = ({ sql }: Statement): boolean => /^(insert|update|delete)/i.test(sql);

/** By which the scenario looks whether it is over. */
const isOurs = ({ sql }: Statement): boolean => sql.startsWith('select `closed`');

const DEADLOCK = () => serverError('ER_LOCK_DEADLOCK', 1213, 'Deadlock found when trying to get lock');
const LOCK_WAIT = () => serverError('ER_LOCK_WAIT_TIMEOUT', 1205, 'Lock wait timeout exceeded');
const NOT_READY = () =>
  serverError('ER_UNKNOWN_COM_ERROR', 1047, 'WSREP has not yet prepared node for application use');
const READ_ONLY = () => serverError('ER_OPTION_PREVENTS_STATEMENT', 1290, 'running with the --read-only option');
const LOST = () => serverError('PROTOCOL_CONNECTION_LOST', 0, 'Connection lost: The server closed the connection.');

async function maintained(t: ExecutionContext, scenario: Scenario, id: string): Promise<void> {
  const { state, reason } = await scenario.finish(id);
  t.deepEqual([state, reason], ['MAINTENANCE_DONE', null]);
  const { violations, problems, moves } = scenario.system.simulator.report();
  t.deepEqual([violations, problems], [[], []]);
  t.deepEqual([...moves.values()], [1, 1, 1, 1]);
  const refused = scenario.system.simulator.log.of('call').filter(({ status }) => status >= 400);
  t.deepEqual(refused, [], 'the cloud was never asked for what was done already');
}

const NOW_AND_THEN: readonly (readonly [name: string, error: () => Error, which: (statement: Statement) => Trouble])[] =
  [
    ['a deadlock at every 13th write', DEADLOCK, every(13, isWrite, 'refused')],
    ['a deadlock at every 7th commit, as Galera certifies it', DEADLOCK, every(7, isCommit, 'refused')],
    ['a lock wait that took too long at every 17th write', LOCK_WAIT, every(17, isWrite, 'refused')],
    [
      'a connection that is lost at every 41st statement',
      LOST,
      every(41, (statement) => !isOurs(statement), 'refused'),
    ],
    // Each falls into other places between what was begun and what was started.
    ...[5, 7, 11].map(
      (n) => [`a connection that is lost after every ${n}th commit`, LOST, every(n, isCommit, 'answer lost')] as const,
    ),
  ];

function every(n: number, which: (statement: Statement) => boolean, trouble: Trouble) {
  let seen = 0;
  return (statement: Statement): Trouble => {
    if (!which(statement)) return 'none';
    seen += 1;
    return seen % n === 0 ? trouble : 'none';
  };
}

for (const [name, error, which] of NOW_AND_THEN)
  test.serial(`a session is maintained with ${name}`, async (t) => {
    const scenario = await Scenario.start(t);
    await scenario.system.startEngine();
    const id = await scenario.create();
    const end = troubled(scenario.system.database, error, which);
    t.teardown(end);
    await scenario.toItsEnd(id);
    end();
    await maintained(t, scenario, id);
  });

const AWAY: readonly [name: string, error: () => Error, which: (statement: Statement) => boolean][] = [
  ['is a Galera node that is not ready', NOT_READY, () => true],
  ['only lets read', READ_ONLY, isWrite],
  ['is away', LOST, () => true],
];

for (const [name, error, isHit] of AWAY)
  test.serial(`while the database ${name} nothing is begun, and then the session goes on`, async (t) => {
    const scenario = await Scenario.start(t);
    const { database, simulator } = scenario.system;
    await scenario.system.startEngine();
    const id = await scenario.create();
    const writes = () => simulator.log.of('call').filter(({ method }) => method !== 'GET').length;
    await scenario.until(() => simulator.log.of('move-begun').length > 0);
    const end = troubled(database, error, (statement) => (isHit(statement) ? 'refused' : 'none'));
    t.teardown(end);
    await scenario.advance(5);
    const before = writes();
    await scenario.advance(120);
    t.is(writes(), before);
    end();
    await maintained(t, scenario, id);
  });
