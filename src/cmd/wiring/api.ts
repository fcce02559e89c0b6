import { type DependencyContainer, type InjectionToken } from 'tsyringe';
import { type App, createApp } from '../../api/app.js';
import type { ApiDeps } from '../../api/deps.js';
import { requestIdOf } from '../../api/request.js';
import { type ApiServer, startApiServer } from '../../api/server.js';
import { Clock, MachineClock } from '../../common/clock.js';
import type { Component } from '../../common/lifecycle.js';
import { Logger } from '../../common/logger.js';
import { Repositories } from '../../db/repositories.js';
import { keystoneAuth, TokenValidator } from '../../keystone-auth-middleware/index.js';
import { PolicyEnforcer } from '../../policy/index.js';
import { EngineApi } from '../../rpc/engine-api.js';
import { apiSettings, serverOptions } from './api-settings.js';
import { ConfigToken, once } from './core.js';
import { apiSession } from './keystone.js';
import { TransportToken } from './messaging.js';
import { registerPolicy } from './policy.js';

export const AppToken: InjectionToken<App> = Symbol('App');
/** Aborted when the API is told to stop. */
const StoppingToken: InjectionToken<AbortController> = Symbol('Stopping');
/** The listening server, once it listens. */
export const ApiServerToken: InjectionToken<ApiServer> = Symbol('ApiServer');

export function registerApi(container: DependencyContainer): void {
  registerPolicy(container);
  once(container, StoppingToken, () => new AbortController());
  once(container, TokenValidator, (c) => {
    const { tokenCacheTime, revocationCacheTime, jwsPublicKeysDir, serviceType } =
      c.resolve(ConfigToken).keystoneAuthtoken;
    const settings = {
      tokenCacheTimeS: tokenCacheTime,
      serviceType,
      ...(revocationCacheTime > 0 && { revocationIntervalS: revocationCacheTime }),
      ...(jwsPublicKeysDir !== '' && { jwsPublicKeysDir }),
    };
    return new TokenValidator(apiSession(c), settings, c.resolve<MachineClock>(MachineClock));
  });
  once(container, AppToken, (c) => {
    const { keystoneAuthtoken } = c.resolve(ConfigToken);
    return createApp({
      ...handlerDeps(c),
      authenticate: keystoneAuth({
        validator: c.resolve(TokenValidator),
        wwwAuthenticateUri: keystoneAuthtoken.wwwAuthenticateUri || keystoneAuthtoken.authUrl,
        serviceType: keystoneAuthtoken.serviceType,
        serviceTokenRoles: keystoneAuthtoken.serviceTokenRoles,
        serviceTokenRolesRequired: keystoneAuthtoken.serviceTokenRolesRequired,
        requestIdOf,
      }),
      policy: c.resolve(PolicyEnforcer),
      brokerUp: () => c.resolve(TransportToken).broker.trouble === undefined,
      stopping: c.resolve(StoppingToken).signal,
    });
  });
}

/** What the API's handlers need, in whatever process they run. */
export function handlerDeps(container: DependencyContainer): ApiDeps {
  return {
    repositories: container.resolve(Repositories),
    engines: container.resolve(EngineApi),
    clock: container.resolve<Clock>(Clock),
    machineClock: container.resolve<MachineClock>(MachineClock),
    logger: container.resolve<Logger>(Logger),
    settings: apiSettings(container.resolve(ConfigToken)),
  };
}

export function apiComponent(container: DependencyContainer): Component {
  return {
    name: 'api',
    start: async () => {
      const config = container.resolve(ConfigToken);
      const { host, port } = config.default;
      const server = await startApiServer({ app: container.resolve(AppToken), host, port, ...serverOptions(config) });
      container.registerInstance(ApiServerToken, server);
      container.resolve<Logger>(Logger).info({ url: server.url }, 'API listens');
    },
    stop: () => {
      container.resolve(StoppingToken).abort();
      return container
        .resolve(ApiServerToken)
        .close(container.resolve(ConfigToken).default.gracefulShutdownTimeout / 2);
    },
  };
}
