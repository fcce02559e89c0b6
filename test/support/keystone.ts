import type { ExecutionContext } from 'ava';
import { silentLogger } from '../../src/common/logger.js';
import {
  KeystoneSession,
  TokenValidator,
  type TokenValidatorSettings,
} from '../../src/keystone-auth-middleware/index.js';
import { type HttpDouble, httpDouble, type Reply } from './http-double.js';
import { SteppedMachineClock } from './stepped-machine-clock.js';

/** A token that the double knows; everything else is Keystone's own shape. */
export interface DoubleToken {
  readonly userId?: string;
  /** Null: scoped to the whole system; undefined: to nothing. */
  readonly projectId: string | null | undefined;
  readonly roles: readonly string[];
  readonly expired?: boolean;
  readonly accessRules?: readonly object[];
  readonly auditIds?: readonly string[];
}

const ISSUED = '2026-01-01T00:00:00.000000Z';
const ENDED = '2026-01-01T01:00:00.000000Z';
const LATER = '2100-01-01T00:00:00.000000Z';

/** Keystone's token endpoints, as far as they are asked: who a token is, by its name. */
export class KeystoneDouble {
  readonly revoked = new Set<string>();
  /** What it says was revoked; undefined: it tells nobody. */
  events: readonly object[] | undefined = [];
  /** Path and query of everything that was asked but for own tokens. */
  readonly asked: string[] = [];
  private http: HttpDouble | undefined;

  private constructor(readonly tokens: Readonly<Record<string, DoubleToken>>) {}

  static async start(t: ExecutionContext, tokens: Readonly<Record<string, DoubleToken>>): Promise<KeystoneDouble> {
    const keystone = new KeystoneDouble(tokens);
    const http = await httpDouble((request) => {
      if (request.method === 'POST') return keystone.ownToken();
      const query = [...request.query].map(([key, value]) => `${key}=${value}`).join('&');
      keystone.asked.push(`${request.path}?${query}`);
      if (request.path.endsWith('/OS-REVOKE/events')) return keystone.revocations();
      return keystone.validation(String(request.headers['x-subject-token']), request.query);
    });
    t.teardown(() => http.close());
    keystone.http = http;
    return keystone;
  }

  get url(): string {
    return this.http?.url ?? '';
  }

  /** What validates tokens here. */
  validator(settings: TokenValidatorSettings = {}, clock = new SteppedMachineClock()): TokenValidator {
    const credentials = { authUrl: this.url, username: 'fenix', password: 'fenix', projectName: 'service' };
    return new TokenValidator(new KeystoneSession(credentials, { timeoutS: 5 }, clock, silentLogger), settings, clock);
  }

  private revocations(): Reply {
    return this.events === undefined ? { status: 403, body: {} } : { status: 200, body: { events: this.events } };
  }

  private ownToken(): Reply {
    const body = { token: this.bodyOf('own', { projectId: 'service', roles: ['service'] }, false) };
    return { status: 201, headers: { 'x-subject-token': 'own-token' }, body };
  }

  private validation(id: string, query: URLSearchParams): Reply {
    const token = this.tokens[id];
    const isOver = token?.expired && query.get('allow_expired') !== '1';
    if (token === undefined || isOver || this.revoked.has(id)) return { status: 404, body: { error: { code: 404 } } };
    return { status: 200, body: { token: this.bodyOf(id, token, !query.has('nocatalog')) } };
  }

  private bodyOf(id: string, token: DoubleToken, withCatalog: boolean): object {
    const domain = { id: 'default', name: 'Default' };
    const { projectId, roles, expired = false, accessRules, auditIds = [`audit-${id}`] } = token;
    return {
      methods: ['password'],
      user: { id: token.userId ?? `user-${id}`, name: id, domain },
      ...(projectId === null && { system: { all: true } }),
      ...(projectId && { project: { id: projectId, name: projectId, domain } }),
      roles: roles.map((name) => ({ id: name, name })),
      audit_ids: auditIds,
      issued_at: ISSUED,
      expires_at: expired ? ENDED : LATER,
      ...(accessRules && {
        application_credential: { id: 'a', name: 'a', restricted: true, access_rules: accessRules },
      }),
      ...(withCatalog && { catalog: [{ type: 'maintenance', endpoints: [] }] }),
    };
  }
}
