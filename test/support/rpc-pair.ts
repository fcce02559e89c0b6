import type { ExecutionContext } from 'ava';
import { type MachineClock, SystemMachineClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import type { FaultSettings } from '../../src/messaging/faults.js';
import { MemoryBroker } from '../../src/messaging/memory-broker.js';
import { RpcClient, type RpcClientOptions } from '../../src/messaging/rpc-client.js';
import type { RpcEndpoint, RpcMethod } from '../../src/messaging/rpc-dispatcher.js';
import { RpcServer, type RpcServerOptions } from '../../src/messaging/rpc-server.js';
import { recording } from './messaging.js';

export const TARGET = { topic: 'engine' };
export const SOON = { timeoutMs: 30_000 };

interface Setting {
  readonly methods?: Record<string, RpcMethod>;
  /** Besides those of `methods`. */
  readonly endpoints?: readonly RpcEndpoint[];
  readonly clock?: MachineClock;
  readonly faults?: FaultSettings;
  readonly client?: Partial<RpcClientOptions>;
  readonly server?: Partial<RpcServerOptions>;
}

/** A client and a server, each with its own connection to one broker. */
export async function aPair(t: ExecutionContext, setting: Setting = {}) {
  const { methods = {}, endpoints = [], faults } = setting;
  const clock = setting.clock ?? new SystemMachineClock();
  const memory = new MemoryBroker({ clock, ...(faults && { faults }) });
  const [clientSide, serverSide] = [recording(memory.connect()), recording(memory.connect())];
  const common = { exchange: 'openstack', clock, logger: silentLogger };
  const client = new RpcClient({ ...common, broker: clientSide, ...setting.client });
  const start = async (server: string, served = methods): Promise<RpcServer> => {
    const rpc = new RpcServer({
      ...common,
      broker: serverSide,
      topic: TARGET.topic,
      server,
      endpoints: [
        { version: '1.5', methods: served },
        { version: '2.1', namespace: 'admin', methods: { whoami: () => 'admin' } },
        ...endpoints,
      ],
      ...setting.server,
    });
    await rpc.start();
    return rpc;
  };
  const server = await start('one');
  t.teardown(() => client.close());
  return { memory, client, server, start, clientSide, serverSide };
}
