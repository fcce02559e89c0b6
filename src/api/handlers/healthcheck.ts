import { existsSync } from 'node:fs';
import type { Request, RequestHandler, Response } from 'express';
import { FenixError, messageOf } from '../../common/errors.js';
import { identityOf } from '../../keystone-auth-middleware/index.js';
import type { EngineRecord } from '../../model/index.js';
import type { ApiDeps, AppDeps } from '../deps.js';
import { credentialsOf } from '../policies/credentials.js';
import { timeText } from '../schemas/time.js';

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

/**
 * 503 only without the database, or while the file is there by which operators take us out of a load balancer: all else
 * the API can do without (L1). `degraded` says that sessions are taken but nobody carries them out, or that engines and
 * projects cannot be told. Which engines there are is told to this machine and to admins.
 */
export function healthcheck(deps: AppDeps): RequestHandler {
  const { disableByFilePath: file } = deps.settings.health;
  return async (req, res) => {
    if (file !== undefined && existsSync(file)) {
      res.status(503).json({ status: 'disabled', checks: {} });
      return;
    }
    const engines = await enginesOf(deps);
    const isDetailed = await mayKnow(deps, req, res);
    const checks = {
      database: { ok: engines !== undefined },
      engines: enginesView(engines ?? [], isDetailed),
      ...(deps.brokerUp === undefined ? {} : { broker: { ok: deps.brokerUp() } }),
    };
    const isWell = Object.values(checks).every(({ ok }) => ok);
    const status = checks.database.ok ? (isWell ? 'ok' : 'degraded') : 'error';
    res.status(checks.database.ok ? 200 : 503).json({ status, checks });
  };
}

function enginesView(engines: readonly EngineRecord[], isDetailed: boolean): { readonly ok: boolean } {
  const alive = engines.filter((engine) => engine.alive).length;
  if (!isDetailed) return { ok: alive > 0 };
  const known = engines.map(({ engineId, host, version, alive: isAlive, seenAt }) => ({
    engine_id: engineId,
    host,
    version,
    alive: isAlive,
    seen_at: timeText(seenAt),
  }));
  return { ok: alive > 0, ...{ alive, known } };
}

async function mayKnow(deps: AppDeps, req: Request, res: Response): Promise<boolean> {
  // What a proxy on this machine passes on does not come from it.
  const isLocal = LOOPBACK.test(req.socket.remoteAddress ?? '') && req.get('x-forwarded-for') === undefined;
  return deps.settings.health.detailed || isLocal || isAdmin(deps, req, res);
}

/** Whoever has no valid token is not refused here, only told less. */
async function isAdmin({ authenticate, policy }: AppDeps, req: Request, res: Response): Promise<boolean> {
  if (req.get('x-auth-token') === undefined) return false;
  try {
    await authenticate(req, res, (error?: unknown) => {
      if (error) throw error;
    });
    return credentialsOf(identityOf(res), policy).is_admin === true;
  } catch {
    res.removeHeader('WWW-Authenticate');
    return false;
  }
}

/** Undefined when the database does not answer in time. */
async function enginesOf(deps: ApiDeps): Promise<EngineRecord[] | undefined> {
  const { repositories, machineClock, settings, logger } = deps;
  const done = new AbortController();
  const late = machineClock.sleepMs(settings.health.timeoutMs, done.signal).then(() => {
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
