import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { App } from '../../src/api/index.js';
import type { ApiApp } from '../../src/api/messages.js';
import { faultOf } from './api-document.js';

/** Hands on every answer that is not as the OpenAPI document says, whoever asked and by whatever client. */
export function watched(app: App, take: (fault: string) => void): ApiApp {
  const watching: RequestListener = (req, res) => {
    const { method = '', url: target = '' } = req;
    const text = textOf(res);
    res.once('finish', () => {
      const fault = faultOf({ method, target, status: res.statusCode, headers: res.getHeaders(), text: text() });
      if (fault !== undefined) take(fault);
    });
    app(req, res);
  };
  return Object.assign(watching, { messages: app.messages });
}

/** What is written to an answer, so far. */
function textOf(res: ServerResponse<IncomingMessage>): () => string {
  const chunks: Buffer[] = [];
  for (const name of ['write', 'end'] as const) {
    const original = res[name].bind(res) as (...args: unknown[]) => unknown;
    const observed = (...args: unknown[]): unknown => {
      const [chunk] = args;
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as string));
      return original(...args);
    };
    Object.defineProperty(res, name, { value: observed, configurable: true });
  }
  return () => Buffer.concat(chunks).toString();
}
