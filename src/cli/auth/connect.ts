import { FenixClient } from '../../client/index.js';
import { SystemMachineClock } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import { silentLogger } from '../../common/logger.js';
import { credentialsFrom, type Interface, KeystoneSession } from '../../keystone-auth-middleware/index.js';
import { UsageError } from '../exit-codes.js';
import { type CloudOptions, waysOf } from './options.js';
import type { Transport } from './transport.js';

const SERVICE_TYPE = 'maintenance';

/** Fenix, by somebody's credentials. */
export interface Connection {
  readonly client: FenixClient;
  /** Id of the project that the token is for. @throws FenixError, UsageError */
  projectId(): Promise<string>;
}

export interface ConnectSettings {
  readonly send: Transport;
  /** Of each request. */
  readonly timeoutMs: number;
  /** Aborts everything under way. */
  readonly signal: AbortSignal;
}

/**
 * Authenticates and finds Fenix in the catalog. A token that is refused is renewed once.
 * @throws UsageError, FenixError
 */
export async function connect(options: CloudOptions, settings: ConnectSettings): Promise<Connection> {
  const send: Transport = (url, init) => settings.send(url, { ...init, signal: signalOf(init, settings.signal) });
  const { timeoutMs } = settings;
  const { authType, authUrl, token, endpoint } = options;
  if (endpoint !== '') checkUrl('endpoint', endpoint);
  if (authUrl !== '') checkUrl('authUrl', authUrl);
  // Nobody has to be asked who somebody with a token is, where it is known where Fenix is.
  if (authType === 'token' && authUrl === '' && endpoint !== '' && token !== '') {
    const client = new FenixClient({ url: endpoint, token: async () => token, fetch: send, timeoutMs });
    return { client, projectId: unknownProject };
  }
  const session = sessionFor(options, send, timeoutMs);
  const url = await session.endpoint({ serviceType: SERVICE_TYPE });
  const fetch = renewing(send, session);
  const client = new FenixClient({ url, token: () => session.authToken(), fetch, timeoutMs });
  return { client, projectId: () => session.projectId() };
}

function sessionFor(options: CloudOptions, send: Transport, timeoutMs: number): KeystoneSession {
  const { regionName, endpoint } = options;
  const credentials = credentialsFrom(options, { who: 'fenix', nameOf: waysOf });
  const settings = {
    interface: options.interface as Interface,
    ...(regionName !== '' && { region: regionName }),
    ...(endpoint !== '' && { endpointOverrides: { [SERVICE_TYPE]: endpoint } }),
    timeoutS: timeoutMs / 1000,
    fetch: send,
  };
  return new KeystoneSession(credentials, settings, new SystemMachineClock(), silentLogger);
}

function signalOf(init: RequestInit, stop: AbortSignal): AbortSignal {
  return init.signal ? AbortSignal.any([init.signal, stop]) : stop;
}

/** Of a 401 nothing was carried out, so that the same may be asked again with another token. */
function renewing(send: Transport, session: KeystoneSession) {
  return async (url: string, init: RequestInit): Promise<Response> => {
    const answer = await send(url, init);
    const headers = new Headers(init.headers as Record<string, string>);
    const refused = headers.get('X-Auth-Token');
    if (answer.status !== 401 || refused === null) return answer;
    await answer.body?.cancel();
    headers.set('X-Auth-Token', await session.authTokenInstead(refused));
    return send(url, { ...init, headers: Object.fromEntries(headers) });
  };
}

async function unknownProject(): Promise<string> {
  throw new UsageError('Whose project it is cannot be told without Keystone: name it with --project.');
}

function checkUrl(option: 'authUrl' | 'endpoint', text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.username + url.password !== '') {
    throw new UsageError(`${waysOf(option)}: the address must not hold credentials (USER:PASSWORD@).`);
  }
  if (url !== undefined && /^https?:$/.test(url.protocol)) return;
  // What cannot be read may hold a password anywhere.
  const told = text.includes('@') ? 'it' : text;
  throw new UsageError(`${waysOf(option)}: ${told} must be an address that begins with http:// or https://.`);
}

/** What Keystone says about credentials, for people who gave them. */
export function authFailure(error: FenixError): string | undefined {
  if (error.code !== 'authentication-failed') return undefined;
  const { cause } = error;
  return `Keystone does not take these credentials: ${cause instanceof FenixError ? cause.message : error.message}`;
}
