import type { DependencyContainer } from 'tsyringe';
import { Clock, MachineClock } from '../../../common/clock.js';
import { parseDatabaseUrl } from '../../../config/index.js';
import { Database, DatabaseToken } from '../../../db/database.js';
import { SchemaMigrator } from '../../../db/migrator.js';
import { Repositories } from '../../../db/repositories.js';
import { filesOpenToOthers } from '../../../db/sqlite-file.js';
import { knownLeftovers } from '../../../engine/leftovers.js';
import { Topology } from '../../../messaging/topology.js';
import { PolicyEnforcer } from '../../../policy/index.js';
import { ConfigToken } from '../../wiring/core.js';
import { registerMessaging, TransportToken } from '../../wiring/messaging.js';
import { configuredPlugins, registerPluginProcesses } from '../../wiring/plugins.js';
import { registerPolicy } from '../../wiring/policy.js';
import { type Check, type Finding, failure, success, warning } from './check.js';
import { checkDownloads } from './downloads.js';

/** How long RabbitMQ may take to answer. */
const BROKER_WITHIN_MS = 10_000;

/** What belongs to Fenix itself. @param warnings those of reading the configuration */
export function installationChecks(parts: DependencyContainer, warnings: readonly string[]): Check[] {
  return [
    {
      name: 'Configuration',
      remedy: 'Mend the configuration.',
      run: () =>
        warnings.length === 0
          ? success('All options are known.')
          : warning(warnings.join(' '), 'Correct or remove what is not known: it has no effect.'),
    },
    {
      name: 'Database',
      remedy: 'Mend [database] connection, or the database.',
      run: () => checkDatabase(parts),
    },
    {
      name: 'Broker',
      remedy: 'Mend [DEFAULT] transport_url and [oslo_messaging_rabbit], or RabbitMQ.',
      run: () => checkBroker(parts),
    },
    {
      name: 'Leftovers',
      after: 'Database',
      remedy: 'See "fenix-manage leftovers list".',
      run: () => checkLeftovers(parts),
    },
    {
      name: 'Policy',
      remedy: 'Mend the file that it names.',
      run: () => {
        registerPolicy(parts);
        parts.resolve(PolicyEnforcer);
        return success('The policy is well-formed.');
      },
    },
    {
      name: 'Plug-ins',
      remedy: 'Mend the plug-in, or [DEFAULT] plugin_path.',
      run: async () => {
        registerPluginProcesses(parts);
        const registry = await configuredPlugins(parts);
        const { broken } = registry;
        if (broken.length > 0) {
          const reasons = broken.map(({ reason }) => reason).join(' ');
          return warning(`${broken.length} plug-ins are passed over. ${reasons}`, 'Mend or remove them.');
        }
        return success(`${registry.infos().length} plug-ins are loaded.`);
      },
    },
    {
      name: 'Downloads',
      remedy: 'Mend [DEFAULT] local_cache_dir.',
      run: () => checkDownloads(parts.resolve(ConfigToken)),
    },
  ];
}

/** Stays open for those that come later; who runs the checks closes it. */
async function checkDatabase(parts: DependencyContainer): Promise<Finding> {
  const { connection } = parts.resolve(ConfigToken).database;
  const target = parseDatabaseUrl(connection);
  const database = await Database.open({ ...target, poolSize: 1 });
  parts.registerInstance(DatabaseToken, database);
  const { database: found, code, relation, served } = await new SchemaMigrator(database).version();
  if (relation === 'older') {
    return failure(
      `The schema is at ${found ?? 'nothing'}, this code needs ${code}.`,
      'Run "fenix-manage db upgrade".',
    );
  }
  if (relation === 'newer') {
    const sentence = `The schema is at ${found}, newer than this code (${code}).`;
    const mend = 'Upgrade Fenix on this machine.';
    return served ? warning(`${sentence} It serves this code.`, mend) : failure(sentence, mend);
  }
  if (target.kind === 'sqlite') return sqliteFinding(target.filename);
  return success(`The schema is at ${code}.`);
}

function sqliteFinding(filename: string): Finding {
  const sentence = 'SQLite serves a single process.';
  const server = 'Use MySQL or MariaDB where API and engine run side by side.';
  const open = filesOpenToOthers(filename);
  if (open.length === 0) return warning(sentence, server);
  const others = `Others on this machine may read ${open.join(', ')}: names, and what sessions hold.`;
  return warning(`${sentence} ${others}`, `Run "chmod 600 ${open.join(' ')}". ${server}`);
}

async function checkLeftovers(parts: DependencyContainer): Promise<Finding> {
  const left = await knownLeftovers(parts.resolve(Repositories), parts.resolve<Clock>(Clock));
  const counts = Object.entries(left).filter(([, all]) => all.length > 0);
  if (counts.length === 0) return success('Sessions left nothing undone.');
  const told = counts.map(([what, all]) => `${all.length} ${what}`).join(', ');
  return warning(`Sessions left something undone: ${told}.`, '"fenix-manage leftovers list" says what and of which.');
}

async function checkBroker(parts: DependencyContainer): Promise<Finding> {
  const { default: common } = parts.resolve(ConfigToken);
  if (common.transportUrl.startsWith('memory:')) {
    return warning('Messages stay within each process.', 'Set [DEFAULT] transport_url where API and engine are apart.');
  }
  registerMessaging(parts, 'fenix-manage');
  const { broker, topology } = parts.resolve(TransportToken);
  const limit = new AbortController();
  const late = parts.resolve<MachineClock>(MachineClock).sleepMs(BROKER_WITHIN_MS, limit.signal).then(isLate, isLate);
  const declared = new Topology(broker, topology).declareTopicExchange(common.controlExchange).then(() => 'declared');
  try {
    if ((await Promise.race([declared, late])) === 'declared')
      return success(`Exchange ${common.controlExchange} is there.`);
    const why = broker.trouble ?? 'RabbitMQ gives no answer';
    return failure(`${why}.`, 'Mend [DEFAULT] transport_url and [oslo_messaging_rabbit], or RabbitMQ.');
  } finally {
    limit.abort();
    // What was not declared by now fails when the broker is closed, which is no news.
    declared.catch(() => undefined);
    await broker.close();
  }
}

function isLate(): 'late' {
  return 'late';
}
