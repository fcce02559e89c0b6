import { parentPort, workerData } from 'node:worker_threads';
import { SystemMachineClock } from '../common/clock.js';
import { messageOf } from '../common/errors.js';
import { SharedInstant } from '../common/shared-instant.js';
import { Database } from '../db/database.js';
import { EngineRepository } from '../db/engine-repository.js';
import { RenewalLoop } from './heartbeat.js';
import type { HeartbeatOrder, HeartbeatWord } from './heartbeat-thread.js';

/* The thread of ThreadHeartbeat. */
const order = workerData as HeartbeatOrder;
const tell = (word: HeartbeatWord): void => parentPort?.postMessage(word);
const log = { warn: (fields: object, warning: string): void => tell({ warning, fields }) };

try {
  const database = await Database.open({ ...order.database, poolSize: 2 });
  const loop = new RenewalLoop(new EngineRepository(database), new SystemMachineClock(), order, log);
  const life = {
    engineId: order.engineId,
    renewed: new SharedInstant(order.renewed),
    alive: new SharedInstant(order.alive),
  };
  const outcome = await loop.run(life, new AbortController().signal);
  if (outcome === 'lost') tell({ lost: true });
  await database.close();
} catch (error) {
  log.warn({ reason: messageOf(error) }, 'the heartbeat thread has no database');
}
