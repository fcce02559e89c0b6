import type { DependencyContainer } from 'tsyringe';
import { type Database, DatabaseToken } from '../../../db/database.js';
import type { KeystoneSession } from '../../../keystone-auth-middleware/index.js';
import { EngineSessionToken } from '../../wiring/cloud.js';
import { type Check, type Finding, failure, success, warning } from './check.js';

/** Seconds that clocks may differ: times in notices are good to about so much … */
const NOTICEABLE_S = 5;
/** … and from here on windows, tokens and revocations are misjudged. */
const HARMFUL_S = 60;

const REMEDY = 'Let all machines of the cloud follow the same NTP servers.';

/** How a reading of another clock compares to ours. */
export function skewOf(name: string, theirsMs: number, beforeMs: number, afterMs: number): Finding {
  const skewS = (theirsMs - (beforeMs + afterMs) / 2) / 1000;
  const details = `The clock of ${name} is ${Math.abs(skewS).toFixed(1)} s ${skewS < 0 ? 'behind' : 'ahead of'} ours.`;
  if (Math.abs(skewS) > HARMFUL_S) return failure(details, REMEDY);
  return Math.abs(skewS) > NOTICEABLE_S ? warning(details, REMEDY) : success(details);
}

/** @param now the calendar, milliseconds of Unix time */
export function clockChecks(parts: DependencyContainer, now: () => number): Check[] {
  return [
    {
      name: 'Clock: cloud',
      remedy: 'Mend what keeps the cloud from being asked.',
      after: 'Keystone: engine',
      run: () => cloudClock(parts.resolve(EngineSessionToken), now),
    },
    {
      name: 'Clock: database',
      remedy: 'Mend what keeps the database from being asked.',
      after: 'Database',
      run: async () => {
        const database = parts.resolve<Database>(DatabaseToken);
        const beforeMs = now();
        return skewOf('the database', (await database.currentTime()).getTime(), beforeMs, now());
      },
    },
  ];
}

/** By the Date of the first service that sends one; its fraction of a second is not known. */
async function cloudClock(session: KeystoneSession, now: () => number): Promise<Finding> {
  // The token is fetched before, so that its exchange is not part of the time between.
  await session.authToken();
  for (const [serviceType, name] of Object.entries({ identity: 'Keystone', compute: 'Nova', placement: 'Placement' })) {
    const beforeMs = now();
    const { headers } = await session.request({ serviceType, path: '/', accepts: [300, 404] });
    const date = Date.parse(headers.get('date') ?? '');
    if (!Number.isNaN(date)) return skewOf(name, date + 500, beforeMs, now());
  }
  return warning('No service sends a Date, so their clocks cannot be compared.', REMEDY);
}
