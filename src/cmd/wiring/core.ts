import { type DependencyContainer, type InjectionToken, instanceCachingFactory } from 'tsyringe';
import { Clock, MachineClock, ScaledClock, SystemMachineClock } from '../../common/clock.js';
import type { Component } from '../../common/lifecycle.js';
import { Logger } from '../../common/logger.js';
import { type Config, parseDatabaseUrl } from '../../config/index.js';
import { Database, DatabaseToken } from '../../db/database.js';
import { SchemaMigrator } from '../../db/migrator.js';
import { Repositories } from '../../db/repositories.js';

/** The whole configuration; everything else gets the section or value that it needs. */
export const ConfigToken: InjectionToken<Config> = Symbol('Config');

/** Where files that the configuration names relatively are looked for; registered where files were read at all. */
export const ConfigDirectoryToken: InjectionToken<string> = Symbol('ConfigDirectory');

/** Registers what is made once, when it is first asked for. */
export function once<T>(
  container: DependencyContainer,
  token: InjectionToken<T>,
  make: (container: DependencyContainer) => T,
): void {
  container.register(token, { useFactory: instanceCachingFactory(make) });
}

/** What every process has: configuration, log, the two clocks, the database once it is open. */
export function registerCore(container: DependencyContainer, config: Config, log: Logger): void {
  container.registerInstance(ConfigToken, config);
  container.registerInstance<Logger>(Logger, log);
  once<MachineClock>(container, MachineClock, () => new SystemMachineClock());
  once<Clock>(container, Clock, () => domainClock(config));
  once(container, Repositories, (c) => new Repositories(c.resolve<Database>(DatabaseToken)));
}

/** Opens the database and refuses a schema that this code can't work on. */
export function databaseComponent(container: DependencyContainer): Component {
  return {
    name: 'database',
    start: async () => {
      const { connection, maxPoolSize } = container.resolve(ConfigToken).database;
      const database = await Database.open({ ...parseDatabaseUrl(connection), poolSize: maxPoolSize });
      container.registerInstance(DatabaseToken, database);
      try {
        const { relation, code, database: found } = await new SchemaMigrator(database).requireServed();
        if (relation === 'newer')
          container
            .resolve<Logger>(Logger)
            .warn({ code, database: found }, 'the schema is that of a newer release, which serves this one');
      } catch (error) {
        await database.close();
        throw error;
      }
    },
    stop: () => container.resolve<Database>(DatabaseToken).close(),
  };
}

function domainClock({ engine }: Config): Clock {
  const { clockSpeed, clockOrigin } = engine;
  return clockOrigin === '' ? new ScaledClock(clockSpeed) : new ScaledClock(clockSpeed, Date.parse(clockOrigin));
}
