import type { Command } from 'commander';
import type { DependencyContainer } from 'tsyringe';
import { FenixError } from '../../common/errors.js';
import { type Database, DatabaseToken } from '../../db/database.js';
import { type Configured, refusing } from '../command-line.js';
import { registerCloud } from '../wiring/cloud.js';
import { configured, partsOf, say } from './installation.js';
import { type CeilometerFiles, ceilometerChecks } from './status/ceilometer.js';
import { type Checked, exitCodeOf, runChecks } from './status/check.js';
import { clockChecks } from './status/clocks.js';
import { cloudChecks } from './status/cloud.js';
import { installationChecks } from './status/installation.js';
import { statusTable } from './status/table.js';

interface StatusArguments {
  readonly json?: boolean;
  readonly ceilometerDefinitions: string;
  readonly ceilometerPipeline: string;
}

export function addStatus(program: Command): void {
  const status = program.command('status').description('whether the installation can work');
  status
    .command('check')
    .description(
      'check configuration, database, broker, cloud, Ceilometer, clocks, plug-ins and downloads, and say how to mend what is ' +
        'wrong. Ends with 0 if all is well, 1 with warnings, 2 with failures.',
    )
    .option('--json', 'as one JSON array')
    .option('--ceilometer-definitions <file>', 'its event definitions', '/etc/ceilometer/event_definitions.yaml')
    .option('--ceilometer-pipeline <file>', 'its event pipeline', '/etc/ceilometer/event_pipeline.yaml')
    .action((options: StatusArguments) =>
      refusing(async () => {
        const checked = await checkAll(program, {
          definitions: options.ceilometerDefinitions,
          pipeline: options.ceilometerPipeline,
        });
        if (options.json) say(JSON.stringify(checked, null, 2));
        else for (const line of statusTable(checked)) say(line);
        process.exitCode = exitCodeOf(checked);
      }),
    );
}

async function checkAll(program: Command, ceilometer: CeilometerFiles): Promise<Checked[]> {
  let configuration: Configured;
  try {
    configuration = configured(program);
  } catch (error) {
    if (!(error instanceof FenixError)) throw error;
    const remedy = 'Mend the configuration; nothing else can be checked before.';
    return [{ name: 'Configuration', result: 'Failure', details: error.message, remedy }];
  }
  const parts = partsOf(configuration);
  registerCloud(parts);
  try {
    return await runChecks([
      ...installationChecks(parts, configuration.warnings),
      ...cloudChecks(parts),
      ...ceilometerChecks(ceilometer),
      ...clockChecks(parts, () => Date.now()),
    ]);
  } finally {
    await closeDatabase(parts);
  }
}

/** If a check could open it. */
async function closeDatabase(parts: DependencyContainer): Promise<void> {
  if (parts.isRegistered(DatabaseToken)) await parts.resolve<Database>(DatabaseToken).close();
}
