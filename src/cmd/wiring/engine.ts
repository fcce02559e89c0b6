import { type DependencyContainer, type InjectionToken } from 'tsyringe';
import { Clock, MachineClock } from '../../common/clock.js';
import type { Component } from '../../common/lifecycle.js';
import { Logger } from '../../common/logger.js';
import type { Config } from '../../config/index.js';
import { Repositories } from '../../db/repositories.js';
import { CloudWatch } from '../../engine/cloud-watch.js';
import type { EngineSettings } from '../../engine/context.js';
import { Engine, newIdentity } from '../../engine/engine.js';
import type { Publish } from '../../engine/outbox.js';
import { EventualServer } from '../../messaging/eventual-server.js';
import { Notifier } from '../../messaging/notifier.js';
import type { Reach, SessionPolicy } from '../../model/index.js';
import { inlinePlanner, Planner, ThreadPlanner } from '../../planner/planner.js';
import { serveEngineApi } from '../../rpc/engine-server.js';
import type { LegacyHandlers } from '../../rpc/legacy-engine.js';
import { CloudPort } from '../../workflow/cloud-port.js';
import { loadPlugins } from '../../workflow/loader.js';
import { PluginRegistry } from '../../workflow/registry.js';
import { VERSION } from '../version.js';
import { publicUrl } from './cloud.js';
import { ConfigToken, once } from './core.js';
import { shared, TransportToken } from './messaging.js';

const PublicUrlToken: InjectionToken<string> = Symbol('PublicUrl');
const EngineServerToken: InjectionToken<EventualServer> = Symbol('EngineServer');

export function registerEngine(container: DependencyContainer): void {
  once<Planner>(container, Planner, (c) =>
    c.resolve(ConfigToken).engine.plannerThreads === 0 ? inlinePlanner : new ThreadPlanner(),
  );
  once(container, CloudWatch, (c) => {
    const { cloudPollInterval } = c.resolve(ConfigToken).engine;
    return new CloudWatch(
      c.resolve<CloudPort>(CloudPort),
      c.resolve<Clock>(Clock),
      cloudPollInterval,
      c.resolve<Logger>(Logger),
    );
  });
  once(container, Engine, makeEngine);
}

/** Plug-ins, then the engine, then its RPC server, which may be without a broker for a while (L1). */
export function engineComponents(container: DependencyContainer): Component[] {
  return [
    {
      name: 'plug-ins',
      start: async () => {
        const { pluginPath } = container.resolve(ConfigToken).default;
        container.registerInstance(PluginRegistry, await loadPlugins(pluginPath, container.resolve<Logger>(Logger)));
        container.registerInstance(PublicUrlToken, await publicUrl(container));
      },
      stop: () => container.resolve<Planner>(Planner).close(),
    },
    {
      name: 'engine',
      start: () => container.resolve(Engine).start(),
      stop: () => container.resolve(Engine).stop(),
    },
    {
      name: 'rpc server',
      start: async () => {
        const server = await makeServer(container);
        container.registerInstance(EngineServerToken, server);
        await server.start();
      },
      stop: () => container.resolve(EngineServerToken).stop(),
    },
  ];
}

function makeEngine(container: DependencyContainer): Engine {
  const config = container.resolve(ConfigToken);
  const notifier = container.resolve(Notifier);
  const publish: Publish = ({ eventType, payload, messageId, createdAt }) =>
    notifier.send({ eventType, payload, messageId, timestamp: createdAt, publisherId: 'fenix' });
  const parts = {
    repositories: container.resolve(Repositories),
    cloud: container.resolve<CloudPort>(CloudPort),
    watch: container.resolve(CloudWatch),
    clock: container.resolve<Clock>(Clock),
    machine: container.resolve<MachineClock>(MachineClock),
    planner: container.resolve<Planner>(Planner),
    plugins: container.resolve(PluginRegistry),
    settings: engineSettings(config, container.resolve(PublicUrlToken)),
    log: container.resolve<Logger>(Logger),
  };
  return new Engine(newIdentity(config.engine.host, VERSION), parts, publish);
}

async function makeServer(container: DependencyContainer): Promise<EventualServer> {
  const { engine: section, default: common } = container.resolve(ConfigToken);
  const { options: rabbit } = container.resolve(TransportToken);
  const engine = container.resolve(Engine);
  const options = {
    ...shared(container),
    exchange: common.controlExchange,
    topic: section.rpcTopic,
    server: section.host,
    maxConcurrent: common.executorThreadPoolSize,
    prefetch: rabbit.rabbitQosPrefetchCount,
    missingReplyQueueTimeoutMs: rabbit.kombuMissingConsumerRetryTimeout * 1000,
    pingEnabled: common.rpcPingEnabled,
    ...(section.legacyRpc && { legacy: await legacyHandlers(container) }),
  };
  const server = serveEngineApi(options, {
    wake: (sessionId) => engine.wake(sessionId),
    ping: () => ({ engineId: engine.identity.engineId, version: VERSION }),
  });
  return new EventualServer(server, container.resolve<MachineClock>(MachineClock), container.resolve<Logger>(Logger));
}

/** Loaded only where it is on: it brings the API's code into this process. */
async function legacyHandlers(container: DependencyContainer): Promise<LegacyHandlers> {
  const { legacyRpc } = await import('./legacy-rpc.js');
  const message = 'legacy_rpc is on: whoever reaches the broker may create, delete and answer, without a token';
  container.resolve<Logger>(Logger).warn({}, message);
  return legacyRpc(container);
}

function engineSettings({ default: common, engine, nova, workflow }: Config, url: string): EngineSettings {
  return {
    publicUrl: url,
    requestTimeoutS: nova.timeout,
    cloudPollS: engine.cloudPollInterval,
    leaseS: engine.leaseTime,
    heartbeatS: engine.heartbeatInterval,
    sweepS: engine.sweepInterval,
    projectMaintenanceReplyS: common.projectMaintenanceReply,
    projectScaleInReplyS: common.projectScaleInReply,
    notifyRetries: common.notifyRetries,
    scaleInNoGainRounds: common.scaleInNoGainRounds,
    coldMigrationTimeoutS: common.coldMigrationTimeout,
    liveMigrationWaitS: common.liveMigrationWaitTime,
    liveMigrationTimeoutAction: common.liveMigrationTimeoutAction,
    liveMigrationRetries: common.liveMigrationRetries,
    ownActionTimeoutS: common.ownActionTimeout,
    actionPluginTimeoutS: common.actionPluginTimeout,
    busyTimeoutS: common.busyTimeout,
    blockedTimeoutS: common.blockedTimeout,
    defaultMaxImpacted: workflow.defaultMaxImpacted,
    defaultRecoveryTimeS: workflow.defaultRecoveryTime,
    askTimeoutS: workflow.askTimeout,
    maxDeferS: workflow.maxDefer,
    policy: policyDefaults(workflow),
  };
}

/** Cloud-wide defaults, in the words of a request's `policy`. */
function policyDefaults(workflow: Config['workflow']): SessionPolicy {
  return {
    nack: workflow.nack as Reach,
    silence: workflow.silence as Reach,
    instance_failed: workflow.instanceFailed as Reach,
    plugin_failed: workflow.pluginFailed as Reach,
    failure_budget: workflow.failureBudget,
    no_manager: workflow.noManager as 'fail' | 'proceed',
    constraints: workflow.constraints as 'defaults' | 'require',
    immovable: workflow.immovable as 'fail' | 'skip_host' | 'stop_while_out',
    down_hosts: workflow.downHosts as 'exclude' | 'evacuate' | 'fail',
    steer_new: workflow.steerNew as 'none' | 'disable_waiting',
  };
}
