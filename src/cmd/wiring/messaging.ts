import type { DependencyContainer, InjectionToken } from 'tsyringe';
import { MachineClock } from '../../common/clock.js';
import type { Component } from '../../common/lifecycle.js';
import { Logger } from '../../common/logger.js';
import { MemoryBroker } from '../../messaging/memory-broker.js';
import { type NotificationDriver, Notifier } from '../../messaging/notifier.js';
import { RpcClient } from '../../messaging/rpc-client.js';
import { openTransport, type Transport } from '../../messaging/transport.js';
import { EngineApi } from '../../rpc/engine-api.js';
import { engineVersionCap } from '../../rpc/engine-versions.js';
import { ConfigToken, once } from './core.js';

/** The broker of a process that holds everything; what `memory://` connects to. */
export const MemoryBrokerToken: InjectionToken<MemoryBroker> = Symbol('MemoryBroker');
/** For RPC. */
export const TransportToken: InjectionToken<Transport> = Symbol('Transport');
/** For notifications; often the same. */
const NotificationTransportToken: InjectionToken<Transport> = Symbol('NotificationTransport');

/** @param program name of the executable, as the broker lists its connections */
export function registerMessaging(container: DependencyContainer, program: string): void {
  const open = (c: DependencyContainer, url: string): Transport =>
    openTransport(url, {
      options: c.resolve(ConfigToken).osloMessagingRabbit,
      program,
      memory: () => c.resolve(MemoryBrokerToken),
      clock: c.resolve<MachineClock>(MachineClock),
      logger: c.resolve<Logger>(Logger),
    });
  once(container, MemoryBrokerToken, (c) => new MemoryBroker({ clock: c.resolve(MachineClock) }));
  once(container, TransportToken, (c) => open(c, c.resolve(ConfigToken).default.transportUrl));
  once(container, NotificationTransportToken, (c) => {
    const { default: common, osloMessagingNotifications: notifications } = c.resolve(ConfigToken);
    const isOwn = notifications.transportUrl !== '' && notifications.transportUrl !== common.transportUrl;
    return isOwn ? open(c, notifications.transportUrl) : c.resolve(TransportToken);
  });
  once(container, RpcClient, (c) => {
    const { controlExchange } = c.resolve(ConfigToken).default;
    return new RpcClient({ ...shared(c), exchange: controlExchange });
  });
  once(container, EngineApi, (c) => {
    const { engine, default: common, upgradeLevels } = c.resolve(ConfigToken);
    const versionCap = engineVersionCap(upgradeLevels.engine);
    return new EngineApi({
      client: c.resolve(RpcClient),
      logger: c.resolve(Logger),
      topic: engine.rpcTopic,
      callTimeoutMs: common.rpcResponseTimeout * 1000,
      ...(versionCap !== undefined && { versionCap }),
    });
  });
  once(container, Notifier, (c) => {
    const { default: common, osloMessagingNotifications: notifications } = c.resolve(ConfigToken);
    const { topics } = notifications;
    const drivers = notifications.driver as NotificationDriver[];
    const { broker, topology } = c.resolve(NotificationTransportToken);
    return new Notifier({ ...shared(c), broker, topology, exchange: common.controlExchange, drivers, topics });
  });
}

/** What all users of the broker for RPC are given. */
export function shared(container: DependencyContainer) {
  const { broker, topology } = container.resolve(TransportToken);
  return {
    broker,
    topology,
    clock: container.resolve<MachineClock>(MachineClock),
    logger: container.resolve<Logger>(Logger),
  };
}

/** Begins to connect; the rest of the process does not wait for that (L1). */
export function brokerComponent(container: DependencyContainer): Component {
  const transports = () => [container.resolve(TransportToken), container.resolve(NotificationTransportToken)];
  return {
    name: 'broker',
    start: async () => void transports(),
    stop: async () => {
      await container.resolve(RpcClient).close();
      for (const { broker } of transports()) await broker.close();
    },
  };
}
