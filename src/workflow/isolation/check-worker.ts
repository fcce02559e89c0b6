import { pathToFileURL } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { workerData } from 'node:worker_threads';
import { type Exported, toSend } from './protocol.js';
import { captureOutput, spareEngine } from './thread-limits.js';

/* A thread that imports a module to see what it exports. */

const { port, file } = workerData as { readonly port: MessagePort; readonly file: string };
for (const key of Object.keys(workerData)) delete workerData[key];
captureOutput(() => undefined);
spareEngine();
try {
  port.postMessage({ say: 'exported', exported: look((await import(pathToFileURL(file).href)).default) });
} catch (error) {
  port.postMessage({ say: 'threw', error: toSend(error) });
}

function look(exported: unknown): Exported {
  if (typeof exported !== 'object' || exported === null) return { data: null, functions: [] };
  const functions = Object.entries(exported).flatMap(([key, value]) => (typeof value === 'function' ? [key] : []));
  return { data: JSON.parse(JSON.stringify(exported)), functions };
}
