import { createHash } from 'node:crypto';
import { MachineClock } from '../common/clock.js';
import { FenixError, messageOf } from '../common/errors.js';
import { ExpiringCache } from './cache.js';
import { JwsCheck } from './jws.js';
import type { KeystoneSession } from './session.js';
import { type Identity, identityFrom, type TokenBody } from './token.js';

export interface TokenValidatorSettings {
  /** How long an answer of Keystone's holds, so also how late a revocation is seen; seconds, default 300. */
  readonly tokenCacheTimeS?: number;
  /** How long a refused token is refused without asking; seconds, default 30. */
  readonly invalidCacheTimeS?: number;
  /** Tokens remembered of each kind, valid and not; default 10 000. */
  readonly cacheSize?: number;
  /** Directory of Keystone's public JWS keys; without it no token is checked locally. */
  readonly jwsPublicKeysDir?: string;
}

/** What a header may hold and Keystone may issue; anything else is not worth a question. */
const PLAUSIBLE = /^[\x21-\x7e]{1,8192}$/;
/** When to come back while Keystone is away and has not said so itself, seconds. */
const COME_BACK_S = 5;

/** Says whom a token speaks for, by asking Keystone with the service's own token (GET /v3/auth/tokens). */
export class TokenValidator {
  private readonly valid: ExpiringCache<Identity>;
  private readonly invalid: ExpiringCache<true>;
  private readonly asking = new Map<string, Promise<Identity | undefined>>();
  private readonly jws: JwsCheck | undefined;

  /** @param now the calendar, milliseconds of Unix time */
  constructor(
    private readonly session: Pick<KeystoneSession, 'request'>,
    private readonly settings: TokenValidatorSettings,
    clock: MachineClock,
    private readonly now: () => number = Date.now,
  ) {
    const places = settings.cacheSize ?? 10_000;
    this.valid = new ExpiringCache(places, clock);
    this.invalid = new ExpiringCache(places, clock);
    const directory = settings.jwsPublicKeysDir;
    this.jws = directory === undefined ? undefined : new JwsCheck(directory, clock, now);
  }

  /**
   * @returns undefined when the token is not valid
   * @throws FenixError `overload` (`keystone-unavailable`, with retryAfterS) when that cannot be said now
   */
  async validate(token: string): Promise<Identity | undefined> {
    if (!PLAUSIBLE.test(token)) return undefined;
    // Only digests are kept: a dump of the cache gives no tokens away.
    const key = createHash('sha256').update(token).digest('base64');
    if (this.invalid.get(key)) return undefined;
    return this.valid.get(key) ?? this.askOnce(key, token);
  }

  private askOnce(key: string, token: string): Promise<Identity | undefined> {
    const running = this.asking.get(key);
    if (running !== undefined) return running;
    const asked = this.ask(token)
      .then((identity) => this.remember(key, identity))
      .finally(() => this.asking.delete(key));
    this.asking.set(key, asked);
    return asked;
  }

  private async ask(token: string): Promise<Identity | undefined> {
    try {
      const verdict = await this.jws?.check(token);
      if (verdict === 'forged' || verdict === 'expired') return undefined;
      const answer = await this.session.request<{ token: TokenBody }>({
        serviceType: 'identity',
        path: '/auth/tokens',
        query: { nocatalog: '' },
        headers: { 'X-Subject-Token': token },
      });
      return identityFrom(answer.body.token);
    } catch (thrown) {
      if (thrown instanceof FenixError && thrown.kind === 'missing' && thrown.status === 404) return undefined;
      throw unavailable(thrown);
    }
  }

  /** Keystone's word decides whether it is valid now; its expiry only how long we may go on without asking. */
  private remember(key: string, identity: Identity | undefined): Identity | undefined {
    if (identity === undefined) {
      this.invalid.set(key, true, (this.settings.invalidCacheTimeS ?? 30) * 1000);
    } else {
      const leftMs = identity.expiresAt.getTime() - this.now();
      this.valid.set(key, identity, Math.min(leftMs, (this.settings.tokenCacheTimeS ?? 300) * 1000));
    }
    return identity;
  }
}

/** Whatever keeps us from asking, our own credentials included, is not the caller's fault: never a 401. */
function unavailable(cause: unknown): FenixError {
  const retryAfterS = (cause instanceof FenixError ? cause.retryAfterS : undefined) ?? COME_BACK_S;
  const sentence = `Tokens cannot be validated now: ${messageOf(cause)}`;
  return new FenixError('overload', 'keystone-unavailable', sentence, { cause, retryAfterS });
}
