import { createInterface } from 'node:readline';
import { SystemMachineClock } from '../src/common/clock.js';
import { silentLogger } from '../src/common/logger.js';
import { loadConfig } from '../src/config/index.js';
import { MemoryBroker } from '../src/messaging/memory-broker.js';
import { RpcClient } from '../src/messaging/rpc-client.js';
import { RpcServer } from '../src/messaging/rpc-server.js';
import { openTransport } from '../src/messaging/transport.js';

/*
 * Fenix's RPC client or server as a process of its own, told what to do by lines of JSON: first `{role, url, topic}`, then
 * `{inFlight, seconds}` for a client (answered with the latency of each call, milliseconds, and how long all took), and
 * `{}` to anybody for the processor time used so far, seconds. It ends with its standard input.
 */
interface Order {
  readonly role?: 'client' | 'server';
  readonly url?: string;
  readonly topic?: string;
  readonly inFlight?: number;
  readonly seconds?: number;
}

const EXCHANGE = 'fenix-bench';
const clock = new SystemMachineClock();
let call: () => Promise<unknown> = async () => undefined;

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await carryOut(JSON.parse(line))));
}
process.exit();

async function carryOut({ role, url = '', topic = '', inFlight, seconds = 1 }: Order): Promise<object> {
  if (role !== undefined) await begin(role, url, topic);
  if (inFlight !== undefined) return measure(inFlight, seconds);
  const { user, system } = process.cpuUsage();
  return { cpuS: (user + system) / 1e6 };
}

async function begin(role: 'client' | 'server', url: string, topic: string): Promise<void> {
  const { osloMessagingRabbit: options } = loadConfig().config;
  const parts = { options, program: 'fenix-bench', memory: () => new MemoryBroker(), clock, logger: silentLogger };
  const common = { ...openTransport(url, parts), exchange: EXCHANGE, clock, logger: silentLogger };
  if (role === 'server') {
    const endpoints = [{ version: '1.0', methods: { echo: ({ x }: Readonly<Record<string, unknown>>) => x } }];
    await new RpcServer({ ...common, topic, server: 'bench', endpoints }).start();
  } else {
    const client = new RpcClient(common);
    call = () => client.call({ topic }, 'echo', { x: 'hello' }, {}, { timeoutMs: 60_000 });
  }
}

async function measure(inFlight: number, seconds: number): Promise<object> {
  const latencies: number[] = [];
  const began = performance.now();
  const until = began + seconds * 1000;
  const caller = async (): Promise<void> => {
    for (let at = performance.now(); at < until; ) {
      await call();
      const now = performance.now();
      latencies.push(now - at);
      at = now;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  return { tookS: (performance.now() - began) / 1000, latencies };
}
