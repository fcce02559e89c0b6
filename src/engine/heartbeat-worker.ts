import { once } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { SystemMachineClock } from '../common/clock.js';
import { SharedInstant } from '../common/shared-instant.js';
import { Database } from '../db/database.js';
import { EngineRepository } from '../db/engine-repository.js';
import { RenewalLoop } from './heartbeat.js';
import type { HeartbeatOrder, HeartbeatWord, LifeOrder } from './heartbeat-thread.js';

/* The thread of ThreadHeartbeat: says that it is ready, is told which lease to renew, and says when that is lost. */
const port = parentPort as MessagePort;
const order = workerData as HeartbeatOrder;
const tell = (word: HeartbeatWord): void => port.postMessage(word);

const told = once(port, 'message');
const database = await Database.open({ ...order.database, poolSize: 2 });
tell({ say: 'ready' });
const [{ engineId, renewed, alive }] = (await told) as [LifeOrder];
const loop = new RenewalLoop(new EngineRepository(database), new SystemMachineClock(), order, {
  warn: (fields: object, message: string): void => tell({ say: 'warn', message, fields }),
});
const life = { engineId, renewed: new SharedInstant(renewed), alive: new SharedInstant(alive) };
if ((await loop.run(life, new AbortController().signal)) === 'lost') tell({ say: 'lost' });
await database.close();
