import type { EngineRecord, PluginInfo } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { CATALOG } from '../operations/index.js';
import { type Endpoint, endpoints } from '../routes.js';
import { timeText } from '../schemas/time.js';

/** What can be asked for, and who carries it out: as engines registered it, running ones or else the last seen (L1). */
export function catalogEndpoints(deps: ApiDeps): Endpoint[] {
  const plugins = async (kind: PluginInfo['kind']): Promise<object[]> => {
    const all = await deps.repositories.engines.plugins(deps.settings.engineAliveS);
    return all.filter((plugin) => plugin.kind === kind).map(pluginView);
  };
  return endpoints(CATALOG, {
    listWorkflows: async () => ({ workflows: await plugins('workflow') }),
    listActions: async () => ({ actions: await plugins('action') }),
    listEngines: async () => {
      const engines = await deps.repositories.engines.list(deps.settings.engineAliveS);
      return { engines: engines.map(engineView) };
    },
  });
}

function pluginView(plugin: PluginInfo): object {
  const { kind, name, version, digest, contract = 1, description, source } = plugin;
  const view = { name, version, digest, contract, description: description ?? null, source: source ?? null };
  return kind === 'action' ? { ...view, ...actionView(plugin) } : view;
}

function actionView({ types, metadataSchema, timeoutS, retry, methods, isolated }: PluginInfo): object {
  return {
    types: types ?? null,
    metadata_schema: metadataSchema ?? { type: 'object' },
    timeout_s: timeoutS ?? null,
    retry: retry === undefined ? null : { attempts: retry.attempts, wait_s: retry.waitS },
    methods: methods ?? null,
    isolated: isolated ?? false,
  };
}

function engineView(engine: EngineRecord): object {
  const { engineId, host, version, startedAt, seenAt, alive, plugins, brokenPlugins } = engine;
  return {
    engine_id: engineId,
    host,
    version,
    alive,
    started_at: timeText(startedAt),
    seen_at: timeText(seenAt),
    plugins: plugins.map(({ kind, name, version: its, digest }) => ({ kind, name, version: its, digest })),
    broken_plugins: (brokenPlugins ?? []).map(({ source, file, reason }) => ({ source, file, reason })),
  };
}
