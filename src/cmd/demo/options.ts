import { Command, InvalidArgumentError, Option } from 'commander';
import { wholeNumber } from '../../cli/parse.js';
import { DIALECTS, type Dialect, type ManagerOptions } from '../../simulator/index.js';
import { VERSION } from '../version.js';

export interface DemoOptions {
  readonly hosts: number;
  readonly instances: number;
  readonly projects?: number;
  readonly fill?: 'full';
  readonly empty?: number;
  readonly maxImpacted?: number;
  readonly recovery?: number;
  readonly dialect: Dialect;
  readonly workflow: string;
  readonly speed?: number;
  readonly seed: number;
  readonly topology?: string;
  readonly json: boolean;
  readonly keep: boolean;
  readonly log?: string;
  readonly distributed: boolean;
  readonly engines: number;
  readonly apis: number;
}

/** Whether the managers have something to tell of their groups. */
export function tellsConstraints({ maxImpacted, recovery }: Pick<DemoOptions, 'maxImpacted' | 'recovery'>): boolean {
  return maxImpacted !== undefined || recovery !== undefined;
}

/** How all managers behave. */
export function managersOf(options: Pick<DemoOptions, 'dialect' | 'maxImpacted' | 'recovery'>): ManagerOptions {
  return { dialect: options.dialect, constraints: tellsConstraints(options) };
}

/** The demo's command line. Bad values end the process with a sentence and exit code 1. */
export function parseDemoOptions(argv: readonly string[]): DemoOptions {
  const program = new Command('npm run demo --')
    .description('A rolling maintenance of a simulated cloud, from the first notice to the last host.')
    .version(VERSION)
    .option('--hosts <n>', 'compute hosts, at least 1 (default: 10; 20 with --workflow vnf)', wholeNumber(1, 5000))
    .option(
      '--instances <n>',
      'instances, spread over all hosts but the empty ones (default: 40, or 68)',
      wholeNumber(0, 100_000),
    )
    .option('--projects <n>', 'projects, each with a manager (default: one per 10 instances)', wholeNumber(1, 1000))
    .addOption(
      new Option(
        '--fill <how>',
        'full: no host has room left (as many instances more as that takes), so that managers must scale in',
      ).choices(['full']),
    )
    .option(
      '--empty <n>',
      'hosts without instances (default: 1, none with --fill full; 3 of the 20)',
      wholeNumber(0, 5000),
    )
    .option(
      '--max-impacted <n>',
      "members of each project's group that may be impacted at a time; managers tell so",
      wholeNumber(0, 100_000),
    )
    .option(
      '--recovery <s>',
      'seconds for which such a group rests after each impact; managers tell so',
      wholeNumber(0, 86_400),
    )
    .addOption(
      new Option('--dialect <name>', 'how the project managers behave (docs/simulator.md)')
        .choices(DIALECTS)
        .default('reference'),
    )
    .option('--workflow <name>', 'workflow of the session', 'default')
    .option('--speed <x>', 'simulated seconds per second (default: by the number of hosts; 20 if distributed)', speed)
    .option('--seed <n>', 'same seed, same cloud', wholeNumber(0, 2 ** 32 - 1), 1)
    .addOption(
      new Option('--topology <file>', 'cloud from a JSON file (docs/simulator.md)').conflicts([
        'hosts',
        'instances',
        'projects',
        'fill',
        'empty',
        'maxImpacted',
        'recovery',
      ]),
    )
    .option('--json', 'close with the report as one line of JSON', false)
    .option('--keep', 'leave everything up at the end, with addresses and commands to try', false)
    .option('--log <file>', "write the service's own log there")
    .option('--distributed', 'processes apart, on MariaDB and RabbitMQ (started by npm run demo)', false)
    .addOption(processes('--engines <n>', 'with --distributed: engines'))
    .addOption(processes('--apis <n>', 'with --distributed: APIs, behind one address'));
  program.parse(argv, { from: 'user' });
  return withDefaults(program.opts<GivenOptions>());
}

type GivenOptions = Omit<DemoOptions, 'hosts' | 'instances'> & Partial<Pick<DemoOptions, 'hosts' | 'instances'>>;

/** What is told of vnf needs more hosts than one after the other does, and groups that rest. */
function withDefaults(given: GivenOptions): DemoOptions {
  const isVnf = given.workflow === 'vnf' && given.topology === undefined;
  const isLarge = isVnf && given.hosts === undefined && given.fill === undefined;
  const size = isLarge ? { hosts: 20, instances: 68, empty: 3 } : { hosts: 10, instances: 40 };
  const groups = isVnf ? { maxImpacted: 1, recovery: 20 } : {};
  return { ...size, ...groups, ...given };
}

function processes(flags: string, about: string): Option {
  return new Option(flags, about).argParser(wholeNumber(1, 8)).default(1).implies({ distributed: true });
}

function speed(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 10_000)) throw new InvalidArgumentError('It must be a number from 0.1 to 10000.');
  return value;
}
