import type { Command } from 'commander';
import { Repositories } from '../../db/repositories.js';
import { type Difference, differences } from '../../engine/reconcile.js';
import { CloudPort } from '../../workflow/cloud-port.js';
import { registerCloud } from '../wiring/cloud.js';
import { say, withInstallation } from './installation.js';

export function addReconcile(program: Command): void {
  program
    .command('reconcile')
    .description('say how the cloud differs from the database, after one was restored from a backup; changes nothing')
    .option('--json', 'as one JSON array')
    .action(({ json = false }: { json?: boolean }) =>
      withInstallation(program, async (parts) => {
        registerCloud(parts);
        const repositories = parts.resolve(Repositories);
        const found = await differences(repositories, parts.resolve<CloudPort>(CloudPort));
        if (json) return say(JSON.stringify(found, null, 2));
        for (const line of reconcileLines(found)) say(line);
        if ((await repositories.settings.frozen()) === undefined) {
          say('Nothing is frozen: engines go on from here. "fenix-manage freeze --restored" holds them up.');
        }
      }),
    );
}

function reconcileLines(found: readonly Difference[]): string[] {
  if (found.length === 0) return ['The cloud is as the database has it.'];
  const sessions = [...new Set(found.map(({ sessionId }) => sessionId))];
  return sessions.flatMap((session) => [
    session === null ? 'Of no session that is known here:' : `Session ${session}:`,
    ...found.filter(({ sessionId }) => sessionId === session).map(({ message }) => `  ${message}`),
  ]);
}
