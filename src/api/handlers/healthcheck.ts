import type { RequestHandler } from 'express';
import { FenixError, messageOf } from '../../common/errors.js';
import type { EngineRecord } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';

const TIMEOUT_MS = 3000;

/**
 * 503 only without the database: all else the API can do without (L1), so a load balancer must not take it away.
 * `degraded` says that sessions are taken but nobody carries them out, or that engines and projects cannot be told.
 */
export function healthcheck(deps: ApiDeps): RequestHandler {
  return async (_req, res) => {
    const engines = await enginesOf(deps);
    const checks = {
      database: { ok: engines !== undefined },
      engines: aliveOf(engines ?? []),
      ...(deps.brokerUp === undefined ? {} : { broker: { ok: deps.brokerUp() } }),
    };
    const isWell = Object.values(checks).every(({ ok }) => ok);
    const status = checks.database.ok ? (isWell ? 'ok' : 'degraded') : 'error';
    res.status(checks.database.ok ? 200 : 503).json({ status, checks });
  };
}

function aliveOf(engines: readonly EngineRecord[]): { ok: boolean; alive: number } {
  const alive = engines.filter((engine) => engine.alive).length;
  return { ok: alive > 0, alive };
}

/** Undefined when the database does not answer in time. */
async function enginesOf(deps: ApiDeps): Promise<EngineRecord[] | undefined> {
  const { repositories, machineClock, settings, logger } = deps;
  const done = new AbortController();
  const late = machineClock.sleepMs(settings.healthTimeoutMs ?? TIMEOUT_MS, done.signal).then(() => {
    throw new FenixError('transient', 'database-timeout', 'no answer in time');
  });
  try {
    return await Promise.race([repositories.engines.list(settings.engineAliveS), late]);
  } catch (error) {
    // Without a token nobody needs to read addresses in error texts.
    logger.warn({ error: messageOf(error) }, 'health check: no database');
    return undefined;
  } finally {
    late.catch(() => {});
    done.abort();
  }
}
