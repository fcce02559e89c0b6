import { pathToFileURL } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { workerData } from 'node:worker_threads';
import type { ActionContext, ActionPlugin } from '../contract.js';
import { EngineLine } from './engine-line.js';
import { type CallOrder, toSend } from './protocol.js';
import { Telling } from './telling.js';
import { threadContext } from './thread-context.js';
import { captureOutput, spareEngine, watchBuffers } from './thread-limits.js';

/* A thread that asks one plug-in one thing. */

/** Characters of what a run returns that are sent; more make no state. */
const LONGEST_VALUE = 1024;

const { port, order } = workerData as { readonly port: MessagePort; readonly order: CallOrder };
// The plug-in could read it as well.
for (const key of Object.keys(workerData)) delete workerData[key];

const telling = new Telling((told) => port.postMessage({ say: 'told', told }));
const line = new EngineLine(port, () => telling.heard());
captureOutput(telling.output);
spareEngine();
void watchBuffers(order.mostBytes, () => {
  line.send({ say: 'memory' });
  process.exit();
});
try {
  const value = await ask(threadContext(order.facts, line, telling, order.clock));
  line.send({ say: 'returned', value, told: telling.rest() });
} catch (error) {
  line.send({ say: 'threw', error: toSend(error), told: telling.rest() });
}

async function ask(context: ActionContext): Promise<string | boolean> {
  const plugin: ActionPlugin = (await import(pathToFileURL(order.file).href)).default;
  const value = await plugin[order.method]?.(context);
  const isState = order.method === 'run' || order.method === 'undo';
  return isState ? String(value ?? '').slice(0, LONGEST_VALUE) : Boolean(value);
}
