import { type DependencyContainer, type InjectionToken } from 'tsyringe';
import { Clock, MachineClock } from '../../common/clock.js';
import type { Component } from '../../common/lifecycle.js';
import { Logger } from '../../common/logger.js';
import { type Config, parseDatabaseUrl } from '../../config/index.js';
import { Repositories } from '../../db/repositories.js';
import { Downloads } from '../../downloads/downloads.js';
import { CloudWatch } from '../../engine/cloud-watch.js';
import type { EngineSettings } from '../../engine/context.js';
import { Engine, newIdentity } from '../../engine/engine.js';
import { type Heartbeat, type HeartbeatSettings, RenewalLoop } from '../../engine/heartbeat.js';
import { ThreadHeartbeat } from '../../engine/heartbeat-thread.js';
import type { Publish } from '../../engine/outbox.js';
import { HookClient } from '../../hooks/signed-calls.js';
import { EventualServer } from '../../messaging/eventual-server.js';
import { Notifier } from '../../messaging/notifier.js';
import type { Reach, SessionPolicy } from '../../model/index.js';
import { inlinePlanner, Planner, ThreadPlanner } from '../../planner/planner.js';
import { LocalPrograms } from '../../remote/local.js';
import { refusing } from '../../remote/refusing.js';
import { SshHosts } from '../../remote/ssh.js';
import { EngineApi } from '../../rpc/engine-api.js';
import { serveEngineApi } from '../../rpc/engine-server.js';
import type { LegacyHandlers } from '../../rpc/legacy-engine.js';
import type { ActionTools } from '../../workflow/action-tools.js';
import { CloudPort } from '../../workflow/cloud-port.js';
import { PluginProcesses } from '../../workflow/isolation/plugin-processes.js';
import { ENGINE_HOST } from '../../workflow/maintaining.js';
import { PluginRegistry } from '../../workflow/registry.js';
import { VERSION } from '../version.js';
import { publicUrl } from './cloud.js';
import { ConfigToken, once } from './core.js';
import { downloadsComponent, registerDownloads } from './downloads.js';
import { hooksComponent, registerHooks } from './hooks.js';
import { shared, TransportToken } from './messaging.js';
import { configuredPlugins, registerPluginProcesses } from './plugins.js';

const PublicUrlToken: InjectionToken<string> = Symbol('PublicUrl');
const HeartbeatToken: InjectionToken<Heartbeat> = Symbol('Heartbeat');
const EngineServerToken: InjectionToken<EventualServer> = Symbol('EngineServer');

/** @param heartbeat what renews the lease; default: a thread of its own where the database bears that */
export function registerEngine(
  container: DependencyContainer,
  heartbeat: (container: DependencyContainer) => Heartbeat = ownHeartbeat,
): void {
  once(container, HeartbeatToken, heartbeat);
  once<Planner>(container, Planner, (c) =>
    c.resolve(ConfigToken).engine.plannerThreads === 0 ? inlinePlanner : new ThreadPlanner(),
  );
  registerPluginProcesses(container);
  once(container, CloudWatch, (c) => {
    const { cloudPollInterval } = c.resolve(ConfigToken).engine;
    return new CloudWatch(
      c.resolve<CloudPort>(CloudPort),
      c.resolve<Clock>(Clock),
      cloudPollInterval,
      c.resolve<Logger>(Logger),
    );
  });
  registerDownloads(container);
  registerHooks(container);
  once(container, Engine, makeEngine);
}

/**
 * Plug-ins, the RPC server, which may be without a broker for a while (L1), and then the engine: the first to stop, so that
 * nothing holds up the hand-over of its sessions.
 */
export function engineComponents(container: DependencyContainer): Component[] {
  return [
    {
      name: 'plug-ins',
      start: async () => {
        container.registerInstance(PluginRegistry, await configuredPlugins(container));
        container.registerInstance(PublicUrlToken, await publicUrl(container));
      },
      stop: async () => {
        await container.resolve(PluginProcesses).close();
        await container.resolve<Planner>(Planner).close();
      },
    },
    downloadsComponent(container),
    hooksComponent(container),
    {
      name: 'rpc server',
      start: async () => {
        const server = await makeServer(container);
        container.registerInstance(EngineServerToken, server);
        await server.start();
      },
      stop: () => container.resolve(EngineServerToken).stop(),
    },
    {
      name: 'engine',
      start: () => container.resolve(Engine).start(),
      stop: () => container.resolve(Engine).stop(),
    },
  ];
}

function makeEngine(container: DependencyContainer): Engine {
  const config = container.resolve(ConfigToken);
  const notifier = container.resolve(Notifier);
  const publish: Publish = ({ eventType, payload, messageId, createdAt }) =>
    notifier.send({ eventType, payload, messageId, timestamp: createdAt, publisherId: 'fenix' });
  const log = container.resolve<Logger>(Logger);
  const machine = container.resolve<MachineClock>(MachineClock);
  const repositories = container.resolve(Repositories);
  const settings = engineSettings(config, container.resolve(PublicUrlToken));
  const parts = {
    repositories,
    cloud: container.resolve<CloudPort>(CloudPort),
    watch: container.resolve(CloudWatch),
    clock: container.resolve<Clock>(Clock),
    machine,
    planner: container.resolve<Planner>(Planner),
    plugins: container.resolve(PluginRegistry),
    tools: actionTools(container),
    downloads: container.resolve(Downloads),
    processes: container.resolve(PluginProcesses),
    settings,
    log,
  };
  const heartbeat = container.resolve(HeartbeatToken);
  const engines = container.resolve(EngineApi);
  const hint = (sessionId: string): Promise<unknown> => engines.wake(sessionId);
  return new Engine(newIdentity(config.engine.host, VERSION), parts, { publish, heartbeat, hint });
}

function actionTools(container: DependencyContainer): ActionTools {
  const { remote, plugins } = container.resolve(ConfigToken);
  const machine = container.resolve<MachineClock>(MachineClock);
  const cloud = container.resolve<CloudPort>(CloudPort);
  const hosts = new SshHosts(
    remote,
    machine,
    async (host, signal) => (await cloud.hypervisor(host, signal))?.address ?? undefined,
  );
  const here = new LocalPrograms(plugins.runLocally, machine);
  return {
    remote: (host, signal, output) => {
      if (host === ENGINE_HOST)
        return refusing('no-host', 'Actions of type pre and post have no host to run programs on.');
      if (remote.user !== '') return hosts.on(host, signal, output);
      return refusing('remote-not-configured', 'No program can be run on hosts: user in section [remote] is not set.');
    },
    local: (plugin, signal, output) => here.for(plugin, signal, output),
    localFiles: plugins.localFiles,
    hooks: container.resolve(HookClient).hooks,
    cloud,
  };
}

/** SQLite lets one connection write at a time: there a thread of its own would wait for the main thread. */
function ownHeartbeat(container: DependencyContainer): Heartbeat {
  const config = container.resolve(ConfigToken);
  const target = parseDatabaseUrl(config.database.connection);
  if (target.kind !== 'mysql') return inlineHeartbeat(container);
  const machine = container.resolve<MachineClock>(MachineClock);
  return new ThreadHeartbeat(target, leaseSettings(config), machine, container.resolve<Logger>(Logger));
}

/** In the main thread, on its connections. */
export function inlineHeartbeat(container: DependencyContainer): Heartbeat {
  const { engines } = container.resolve(Repositories);
  const machine = container.resolve<MachineClock>(MachineClock);
  const settings = leaseSettings(container.resolve(ConfigToken));
  return new RenewalLoop(engines, machine, settings, container.resolve<Logger>(Logger));
}

function leaseSettings({ engine }: Config): HeartbeatSettings {
  return { leaseS: engine.leaseTime, heartbeatS: engine.heartbeatInterval, hungS: engine.hungTime };
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

function engineSettings(config: Config, url: string): EngineSettings {
  const { default: common, engine, nova, planner, plugins, workflow } = config;
  return {
    ...leaseSettings(config),
    publicUrl: url,
    requestTimeoutS: nova.timeout,
    pluginRetry: { attempts: plugins.retryAttempts, waitS: plugins.retryWait },
    pluginOutputIntervalS: plugins.outputInterval,
    cloudPollS: engine.cloudPollInterval,
    sweepS: engine.sweepInterval,
    turnPaceMs: engine.turnPace,
    keptPlans: planner.keptPlans,
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
    maxParallelHosts: common.maxParallelHosts,
    maxParallelControllers: common.maxParallelControllers,
    expectedMoveS: planner.moveDuration,
    expectedActionS: planner.actionDuration,
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
    hold_room: workflow.holdRoom as 'none' | 'placeholders',
  };
}
