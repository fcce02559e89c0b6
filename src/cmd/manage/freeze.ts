import { hostname } from 'node:os';
import type { Command } from 'commander';
import { Clock } from '../../common/clock.js';
import { Repositories } from '../../db/repositories.js';
import { frozenSentence } from '../../db/setting-repository.js';
import { freezeAll, thawAll } from '../../engine/freeze.js';
import type { Freeze } from '../../model/index.js';
import { say, WHO, withInstallation } from './installation.js';

/** The column that keeps it. */
const LONGEST_WHO = 64;

interface FreezeArguments {
  readonly reason?: string;
  readonly restored?: boolean;
  readonly status?: boolean;
}

export function addFreeze(program: Command): void {
  program
    .command('freeze')
    .description('let nothing begin any more, in no session: no move, no service change, no plug-in, no notice')
    .option('--reason <text>', 'why, for all who see their session wait')
    .option(
      '--restored',
      'the database is a backup: what has passed since its last line of history counts as frozen, too',
    )
    .option('--status', 'only say whether everything is frozen')
    .action(({ reason, restored = false, status = false }: FreezeArguments) =>
      withInstallation(program, async (parts) => {
        const repositories = parts.resolve(Repositories);
        if (status) return say(statusOf(await repositories.settings.frozen()));
        const now = parts.resolve<Clock>(Clock).now();
        const since = restored ? ((await repositories.history.lastAt()) ?? now) : now;
        const why = reason ?? (restored ? 'the database was restored from a backup' : null);
        const freeze = { who: operator(), since, why };
        say(statusOf(await freezeAll(repositories, freeze)));
      }),
    );
  program
    .command('thaw')
    .description('let everything go on')
    .action(() =>
      withInstallation(program, async (parts) => {
        const ended = await thawAll(parts.resolve(Repositories), operator(), parts.resolve<Clock>(Clock).now());
        say(ended === undefined ? 'Nothing was frozen.' : `Thawed. It was: ${statusOf(ended)}`);
      }),
    );
}

function statusOf(freeze: Freeze | undefined): string {
  return freeze === undefined ? 'Not frozen.' : `${frozenSentence(freeze)}.`;
}

/** The program, the person as far as the machine knows, and the machine. */
function operator(): string {
  const { SUDO_USER, USER = 'unknown' } = process.env;
  return `${WHO} (${SUDO_USER ?? USER} at ${hostname()})`.slice(0, LONGEST_WHO);
}
