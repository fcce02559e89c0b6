import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';

/** What to send: so many requests a second, whatever becomes of them. */
export interface LoadQuestion {
  readonly method: 'GET' | 'PUT';
  readonly urls: readonly string[];
  readonly token: string;
  readonly body?: string;
  readonly perSecond: number;
  readonly seconds: number;
}

export interface LoadAnswer {
  /** Milliseconds from when a request was due to the end of its answer: waiting to be sent is part of it. */
  readonly latencies: readonly number[];
  /** Other answers than 200, and none. */
  readonly failed: number;
  readonly tookS: number;
}

const CONNECTIONS = 64;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await load(JSON.parse(line) as LoadQuestion);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

function load(question: LoadQuestion): Promise<LoadAnswer> {
  const { perSecond, seconds, urls } = question;
  const total = Math.round(perSecond * seconds);
  const latencies: number[] = [];
  let failed = 0;
  let sent = 0;
  const begun = performance.now();
  return new Promise((resolve) => {
    const end = (dueMs: number, status: number | undefined): void => {
      if (status === 200) latencies.push(performance.now() - begun - dueMs);
      else failed += 1;
      if (latencies.length + failed === total)
        resolve({ latencies, failed, tookS: (performance.now() - begun) / 1000 });
    };
    const tick = (): void => {
      const now = performance.now() - begun;
      for (; sent < total && (sent * 1000) / perSecond <= now; sent += 1) {
        send(question, urls[sent % urls.length] as string, (sent * 1000) / perSecond, end);
      }
      if (sent < total) setTimeout(tick, 1);
    };
    tick();
  });
}

function send(
  { method, token, body }: LoadQuestion,
  url: string,
  dueMs: number,
  end: (dueMs: number, status: number | undefined) => void,
): void {
  const length =
    body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  const asked = request(url, { agent, method, headers: { 'X-Auth-Token': token, ...length } }, (answer) => {
    answer.resume().once('end', () => end(dueMs, answer.statusCode));
  });
  asked.once('error', () => end(dueMs, undefined));
  asked.end(body);
}
