import { pathToFileURL } from 'node:url';
import type { ActionContext, ActionPlugin } from '../contract.js';
import { EngineLine } from './engine-line.js';
import { isolatedContext } from './isolated-context.js';
import { captureOutput, meetParent } from './parent.js';
import { type CallOrder, toSend } from './protocol.js';
import { Telling } from './telling.js';

/* A process that asks one plug-in one thing. */

/** Characters of what a run returns that are sent; more make no state. */
const LONGEST_VALUE = 1024;

const { given: order, send, onMessage } = await meetParent<CallOrder>();
const telling = new Telling((told) => send({ say: 'told', told }));
const line = new EngineLine(send, () => telling.heard());
onMessage((message) => line.take(message));
captureOutput(telling.output);
try {
  const value = await ask(isolatedContext(order.facts, line, telling));
  send({ say: 'returned', value, told: telling.rest() });
} catch (error) {
  send({ say: 'threw', error: toSend(error), told: telling.rest() });
}

async function ask(context: ActionContext): Promise<string | boolean> {
  const plugin: ActionPlugin = (await import(pathToFileURL(order.file).href)).default;
  const value = await plugin[order.method]?.(context);
  const isState = order.method === 'run' || order.method === 'undo' || order.method === 'release';
  return isState ? String(value ?? '').slice(0, LONGEST_VALUE) : Boolean(value);
}
