import type { DependencyContainer } from 'tsyringe';
import { allowedHosts } from '../../common/allowed-hosts.js';
import type { Component } from '../../common/lifecycle.js';
import { HookClient } from '../../hooks/signed-calls.js';
import { ConfigToken, once } from './core.js';

export function registerHooks(container: DependencyContainer): void {
  once(container, HookClient, (c) => {
    const { httpHook } = c.resolve(ConfigToken);
    return new HookClient({
      allowedHosts: allowedHosts(httpHook.allowedHosts),
      requireHttps: httpHook.requireHttps,
      secretsFile: httpHook.secretsFile,
      caFile: httpHook.cafile,
      timeoutS: httpHook.timeout,
      maxAnswerBytes: httpHook.maxAnswerSize,
    });
  });
}

/** Made at the start, so that a file that cannot be read is told then. */
export function hooksComponent(container: DependencyContainer): Component {
  return {
    name: 'http-hook',
    start: async () => void container.resolve(HookClient),
    stop: () => container.resolve(HookClient).close(),
  };
}
