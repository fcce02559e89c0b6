import type { DependencyContainer, InjectionToken } from 'tsyringe';
import { MachineClock } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import type { Component } from '../../common/lifecycle.js';
import { Logger } from '../../common/logger.js';
import { maskUrl } from '../../config/index.js';
import { Broker } from '../../messaging/broker.js';
import { MemoryBroker } from '../../messaging/memory-broker.js';
import { type NotificationDriver, Notifier } from '../../messaging/notifier.js';
import { RpcClient } from '../../messaging/rpc-client.js';
import { type TopologySettings, topologyFromOptions } from '../../messaging/topology.js';
import { EngineApi } from '../../rpc/engine-api.js';
import { engineVersionCap } from '../../rpc/engine-versions.js';
import { ConfigToken, once } from './core.js';

/** The broker of a process that holds everything; what `memory://` connects to. */
export const MemoryBrokerToken: InjectionToken<MemoryBroker> = Symbol('MemoryBroker');
export const TopologyToken: InjectionToken<TopologySettings> = Symbol('TopologySettings');

export function registerMessaging(container: DependencyContainer): void {
  once(container, MemoryBrokerToken, (c) => new MemoryBroker({ clock: c.resolve(MachineClock) }));
  once(container, TopologyToken, (c) => topologyFromOptions(c.resolve(ConfigToken).osloMessagingRabbit));
  once<Broker>(container, Broker, connect);
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
    return new Notifier({ ...shared(c), exchange: common.controlExchange, drivers, topics });
  });
}

/** What all users of the broker are given. */
export function shared(container: DependencyContainer) {
  return {
    broker: container.resolve<Broker>(Broker),
    clock: container.resolve<MachineClock>(MachineClock),
    logger: container.resolve<Logger>(Logger),
    topology: container.resolve(TopologyToken),
  };
}

export function brokerComponent(container: DependencyContainer): Component {
  return {
    name: 'broker',
    start: async () => void container.resolve<Broker>(Broker),
    stop: async () => {
      await container.resolve(RpcClient).close();
      await container.resolve<Broker>(Broker).close();
    },
  };
}

/** @throws FenixError `transport-url` */
function connect(container: DependencyContainer): Broker {
  const { transportUrl } = container.resolve(ConfigToken).default;
  if (transportUrl.startsWith('memory:')) return container.resolve(MemoryBrokerToken).connect();
  const message = `[DEFAULT] transport_url ${maskUrl(transportUrl)} cannot be used: this version has only memory://.`;
  throw new FenixError('input', 'transport-url', message);
}
