import { hash } from 'node:crypto';
import { MachineClock } from '../common/clock.js';
import { FenixError, messageOf } from '../common/errors.js';
import { ExpiringCache } from './cache.js';
import { JwsCheck } from './jws.js';
import { isRevokedBy, type Revocable, Revocations, revocableOf } from './revocations.js';
import type { KeystoneSession } from './session.js';
import { type Identity, identityFrom, type TokenBody } from './token.js';

export interface TokenValidatorSettings {
  /** How long an answer of Keystone's holds, so also how late a revocation is seen; seconds, default 300. */
  readonly tokenCacheTimeS?: number;
  /** How long a refused token is refused without asking; seconds, default 30. */
  readonly invalidCacheTimeS?: number;
  /** How often Keystone is asked what was revoked; seconds. Absent: never, so only `tokenCacheTimeS` bounds it. */
  readonly revocationIntervalS?: number;
  /** Type of the service that asks; without it tokens with access rules are good for nothing. */
  readonly serviceType?: string;
  /** Tokens remembered of each kind, valid and not; default 10 000. */
  readonly cacheSize?: number;
  /** Directory of Keystone's public JWS keys; without it no token is checked locally. */
  readonly jwsPublicKeysDir?: string;
}

/** A token that is remembered. */
interface Known {
  readonly identity: Identity;
  readonly revocable: Revocable;
}

export interface ValidateOptions {
  /** Take a token that ended a while ago, as Keystone allows (`[token] allow_expired_window`). */
  readonly allowExpired?: boolean;
  /** Sent to Keystone as the global request id, if it has to be asked. */
  readonly requestId?: string | undefined;
}

type Question = { readonly token: string; readonly allowExpired: boolean } & Pick<ValidateOptions, 'requestId'>;

/** By this Keystone knows that access rules will be enforced; it refuses tokens with rules to all others. */
const ENFORCES_ACCESS_RULES = { 'OpenStack-Identity-Access-Rules': '1' };

/** What a header may hold and Keystone may issue; anything else is not worth a question. */
const PLAUSIBLE = /^[\x21-\x7e]{1,8192}$/;
/** When to come back while Keystone is away and has not said so itself, seconds. */
const COME_BACK_S = 5;

/** Says whom a token speaks for, by asking Keystone with the service's own token (GET /v3/auth/tokens). */
export class TokenValidator {
  private readonly valid: ExpiringCache<Known>;
  private readonly invalid: ExpiringCache<true>;
  private readonly asking = new Map<string, Promise<Identity | undefined>>();
  private readonly revocations: Revocations | undefined;
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
    const { jwsPublicKeysDir: directory, revocationIntervalS: intervalS } = settings;
    this.revocations = intervalS === undefined ? undefined : new Revocations(session, intervalS * 1000, clock, now);
    this.jws = directory === undefined ? undefined : new JwsCheck(directory, clock, now);
  }

  /**
   * @returns undefined when the token is not valid
   * @throws FenixError `overload` (`keystone-unavailable`, with retryAfterS) when that cannot be said now
   */
  async validate(
    token: string,
    { allowExpired = false, requestId }: ValidateOptions = {},
  ): Promise<Identity | undefined> {
    if (!PLAUSIBLE.test(token)) return undefined;
    await this.forgetRevoked();
    // Only digests are kept: a dump of the cache gives no tokens away.
    const key = hash('sha256', `${allowExpired} ${token}`, 'base64');
    if (this.invalid.get(key)) return undefined;
    return this.valid.get(key)?.identity ?? this.askOnce(key, { token, allowExpired, requestId });
  }

  private async forgetRevoked(): Promise<void> {
    for (const event of (await this.revocations?.news()) ?? []) {
      this.valid.prune(({ revocable }) => isRevokedBy(revocable, event));
    }
  }

  private askOnce(key: string, question: Question): Promise<Identity | undefined> {
    const running = this.asking.get(key);
    if (running !== undefined) return running;
    const asked = this.ask(question)
      .then((known) => this.remember(key, known, question.allowExpired))
      .finally(() => this.asking.delete(key));
    this.asking.set(key, asked);
    return asked;
  }

  private async ask(question: Question): Promise<Known | undefined> {
    const { token, allowExpired } = question;
    try {
      const verdict = await this.jws?.check(token);
      if (verdict === 'forged' || (verdict === 'expired' && !allowExpired)) return undefined;
      const body = await this.fetch(question, { nocatalog: '' });
      return { identity: await this.restricted(identityFrom(body), question), revocable: revocableOf(body) };
    } catch (thrown) {
      if (thrown instanceof FenixError && thrown.kind === 'missing' && thrown.status === 404) return undefined;
      throw unavailable(thrown);
    }
  }

  /** Access rules of a token whose catalog does not know this service allow nothing here. */
  private async restricted(identity: Identity, question: Question): Promise<Identity> {
    if (identity.accessRules === null) return identity;
    const { catalog = [] } = await this.fetch(question, {});
    const isKnown = catalog.some(({ type }) => type === this.settings.serviceType);
    return isKnown ? identity : { ...identity, accessRules: [] };
  }

  private async fetch({ token, allowExpired, requestId }: Question, query: Record<string, string>): Promise<TokenBody> {
    const answer = await this.session.request<{ token: TokenBody }>({
      serviceType: 'identity',
      path: '/auth/tokens',
      query: { ...query, ...(allowExpired && { allow_expired: '1' }) },
      headers: { 'X-Subject-Token': token, ...ENFORCES_ACCESS_RULES },
      ...(requestId !== undefined && { requestId }),
    });
    return answer.body.token;
  }

  /** Keystone's word decides whether it is valid now; its expiry only how long we may go on without asking. */
  private remember(key: string, known: Known | undefined, allowExpired: boolean): Identity | undefined {
    if (known === undefined) {
      this.invalid.set(key, true, (this.settings.invalidCacheTimeS ?? 30) * 1000);
      return undefined;
    }
    const mostMs = (this.settings.tokenCacheTimeS ?? 300) * 1000;
    const leftMs = known.identity.expiresAt.getTime() - this.now();
    this.valid.set(key, known, allowExpired ? mostMs : Math.min(leftMs, mostMs));
    return known.identity;
  }
}

/** Whatever keeps us from asking, our own credentials included, is not the caller's fault: never a 401. */
function unavailable(cause: unknown): FenixError {
  const retryAfterS = (cause instanceof FenixError ? cause.retryAfterS : undefined) ?? COME_BACK_S;
  const sentence = `Tokens cannot be validated now: ${messageOf(cause)}`;
  return new FenixError('overload', 'keystone-unavailable', sentence, { cause, retryAfterS });
}
