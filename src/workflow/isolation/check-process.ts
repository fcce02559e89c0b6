import { pathToFileURL } from 'node:url';
import { captureOutput, meetParent } from './parent.js';
import { type CheckOrder, type Exported, toSend } from './protocol.js';

/* A process that imports a module to see what it exports. */

const { given, send } = await meetParent<CheckOrder>();
captureOutput(() => undefined);
try {
  send({ say: 'exported', exported: look((await import(pathToFileURL(given.file).href)).default) });
} catch (error) {
  send({ say: 'refused', error: toSend(error) });
}

function look(exported: unknown): Exported {
  if (typeof exported !== 'object' || exported === null) return { data: null, functions: [] };
  const functions = Object.entries(exported).flatMap(([key, value]) => (typeof value === 'function' ? [key] : []));
  return { data: JSON.parse(JSON.stringify(exported)), functions };
}
