import { resolve } from 'node:path';
import type { DependencyContainer } from 'tsyringe';
import { allowedHosts } from '../../common/allowed-hosts.js';
import { MachineClock } from '../../common/clock.js';
import type { Component } from '../../common/lifecycle.js';
import { Logger } from '../../common/logger.js';
import type { Config } from '../../config/index.js';
import { Repositories } from '../../db/repositories.js';
import { DownloadCache } from '../../downloads/cache.js';
import { Downloads } from '../../downloads/downloads.js';
import { Fetcher } from '../../downloads/fetcher.js';
import type { DownloadRules } from '../../downloads/request.js';
import { ConfigToken, once } from './core.js';

/** What may be downloaded: the API refuses what may not, and so does the engine by its own configuration. */
export function downloadRules({ default: common }: Config): DownloadRules {
  return {
    allowedHosts: allowedHosts(common.downloadAllowedHosts),
    requireHttps: common.downloadRequireHttps,
    requireSha256: common.downloadRequireSha256,
  };
}

export function registerDownloads(container: DependencyContainer): void {
  once(container, Downloads, (c) => {
    const config = c.resolve(ConfigToken);
    const { default: common } = config;
    const settings = {
      ...downloadRules(config),
      maxBytes: common.downloadMaxSize,
      maxEntries: common.downloadMaxEntries,
      timeoutS: common.downloadTimeout,
      caFile: common.downloadCafile,
      proxy: common.downloadProxy,
    };
    const machine = c.resolve<MachineClock>(MachineClock);
    const cache = new DownloadCache(resolve(common.localCacheDir));
    return new Downloads(settings, new Fetcher(settings, machine), cache, machine);
  });
}

/** Removes at the start what engines that died on this machine have left of their sessions. */
export function downloadsComponent(container: DependencyContainer): Component {
  return {
    name: 'downloads',
    start: async () => {
      const { sessions, engines } = container.resolve(Repositories);
      const { leaseTime } = container.resolve(ConfigToken).engine;
      const living = new Set((await engines.list(leaseTime)).flatMap((one) => (one.alive ? [one.engineId] : [])));
      const swept = await container.resolve(Downloads).sweep(async ({ sessionId, epoch }) => {
        const session = await sessions.getEvenDeleted(sessionId);
        return session?.epoch === epoch && session.owner !== null && living.has(session.owner);
      });
      const log = container.resolve<Logger>(Logger);
      for (const { sessionId } of swept) log.info({ session: sessionId }, 'downloaded files of a former owner removed');
    },
    stop: () => container.resolve(Downloads).close(),
  };
}
