import type { Command } from 'commander';
import { FenixError } from '../../common/errors.js';
import type { StoredFleetPlan } from '../../db/fleet-plan-repository.js';
import { Repositories } from '../../db/repositories.js';
import type { FleetPlan } from '../../planner/fleet.js';
import { type RecordedPlan, type Replay, replayPlan, unpackPlan } from '../../planner/plan-record.js';
import { say, withInstallation } from './installation.js';

interface PlansOptions {
  readonly replay?: boolean;
  readonly json?: boolean;
}

export function addPlans(program: Command): void {
  program
    .command('plans <session-id>')
    .description('say what was decided for all hosts of a session together, as far as it is kept (workflow vnf)')
    .option('--replay', 'plan again with what was known then; exit code 1 if this code decides otherwise')
    .option('--json', 'as one JSON array, with what was known when each plan was made')
    .action((sessionId: string, options: PlansOptions) =>
      withInstallation(program, async (parts) => {
        const stored = await parts.resolve(Repositories).fleetPlans.list(sessionId);
        if (stored.length === 0) {
          throw new FenixError('missing', 'unknown-session', `No plans are kept of a session ${sessionId}.`);
        }
        const lines = stored.map((plan) => lineOf(plan, options));
        if (options.json) say(JSON.stringify(lines, null, 2));
        else for (const line of lines) say(inWords(line));
        if (lines.some(({ replay }) => replay?.same === false)) process.exitCode = 1;
      }),
    );
}

interface Line extends RecordedPlan {
  readonly seq: number;
  readonly at: Date;
  readonly replay?: Replay;
}

function lineOf({ seq, at, packed }: StoredFleetPlan, { replay }: PlansOptions): Line {
  const recorded = unpackPlan(packed);
  return { seq, at, ...recorded, ...(replay && { replay: replayPlan(recorded) }) };
}

function inWords({ seq, at, plan, replay }: Line): string {
  const time = at.toISOString().slice(0, 19).replace('T', ' ');
  const again = replay === undefined ? '' : replay.same ? '  the same again' : `  now: ${decisionsOf(replay.plan)}`;
  return `${String(seq).padStart(5)}  ${time}  ${decisionsOf(plan)}${again}`;
}

function decisionsOf({ empty, ask, move, maintain, scaleIn, stuck }: FleetPlan): string {
  const parts = [
    ['empty', empty],
    ['ask', ask.map(({ instanceId }) => instanceId)],
    ['move', move.map(({ instanceId, target }) => (target === null ? instanceId : `${instanceId}>${target}`))],
    ['maintain', maintain],
    ['scale in', scaleIn.flatMap(({ instanceIds }) => instanceIds)],
  ] as const;
  const told = parts.filter(([, what]) => what.length > 0).map(([name, what]) => `${name} ${what.join(',')}`);
  return [...told, ...(stuck === undefined ? [] : [stuck])].join('; ');
}
