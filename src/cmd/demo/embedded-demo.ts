import { join } from 'node:path';
import { ManualClock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import type { Topology } from '../../simulator/index.js';
import { Embedded } from '../embedded.js';
import { Stepper } from '../stepper.js';
import { type DemoOptions, managersOf } from './options.js';
import type { RunningDemo } from './system.js';

/** Everything in this process, on a SQLite file, with messages in memory. */
export async function startEmbedded(
  options: DemoOptions,
  topology: Topology,
  directory: string,
  log: Logger,
): Promise<RunningDemo> {
  const clock = new ManualClock(new Date());
  const speed = options.speed ?? Math.max(60, options.hosts * 8);
  const connection = `sqlite://${join(directory, 'fenix.sqlite')}`;
  const system = await Embedded.start({ topology, clock, connection, log, managers: managersOf(options) });
  const stepper = new Stepper(clock, system.database, speed);
  const stop = async (): Promise<void> => {
    await stepper.stop();
    await system.stop();
  };
  try {
    await system.startEngine();
  } catch (error) {
    await stop();
    throw error;
  }
  stepper.start();
  return { system, clock, speed, broken: new Promise(() => undefined), stop };
}
