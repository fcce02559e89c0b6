import { sentenceOf } from '../running/sentence.js';
import type { FromPlugin, ToPlugin } from './protocol.js';

/* The engine, as seen from a plug-in's process. */

export interface Parent<G> {
  /** What it said first. */
  readonly given: G;
  send(message: FromPlugin): void;
  onMessage(listener: (message: ToPlugin) => void): void;
}

/** Waits for the first word of the engine. From then on the plug-in's code has no way to it of its own. */
export async function meetParent<G>(): Promise<Parent<G>> {
  const send = process.send?.bind(process) as (message: object) => void;
  delete process.send;
  process.once('disconnect', () => process.exit());
  const given = await new Promise<G>((resolve) => process.once('message', (message) => resolve(message as G)));
  process.on('uncaughtException', (thrown) => {
    send({ say: 'unhandled', message: sentenceOf(thrown) });
  });
  return {
    given,
    send,
    onMessage: (listener) => process.on('message', (message) => listener(message as ToPlugin)),
  };
}

/** What a plug-in prints by itself (`console.log`) goes where `context.output` goes. */
export function captureOutput(output: (text: string) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      output(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      const callback = rest.findLast((each) => typeof each === 'function') as (() => void) | undefined;
      if (callback !== undefined) queueMicrotask(callback);
      return true;
    };
  }
}
