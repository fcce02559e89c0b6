import { readFileSync } from 'node:fs';
import type { SecureVersion } from 'node:tls';
import { type ChannelModel, connect, credentials, type SocketOptions } from 'amqplib';
import { FenixError, messageOf } from '../../common/errors.js';
import { newHexId } from '../ids.js';
import type { TransportHost } from '../transport-url.js';
import type { AmqpSettings } from './settings.js';

const CONNECT_TIMEOUT_MS = 5000;
const TLS_VERSIONS: Readonly<Record<string, SecureVersion>> = {
  TLSv1: 'TLSv1',
  TLSv1_1: 'TLSv1.1',
  TLSv1_2: 'TLSv1.2',
};

/** Connects and logs in to one host; rejects with what amqplib or Node says. */
export async function connectTo(host: TransportHost, settings: AmqpSettings): Promise<ChannelModel> {
  const { options, virtualHost } = settings;
  const url = {
    protocol: options.ssl ? 'amqps' : 'amqp',
    hostname: host.host,
    port: host.port,
    // amqplib decodes it.
    vhost: encodeURIComponent(virtualHost),
    heartbeat: heartbeatS(options),
  };
  const login = {
    noDelay: true,
    keepAlive: true,
    timeout: CONNECT_TIMEOUT_MS,
    credentials: credentialsFor(host, options.rabbitLoginMethod),
    clientProperties: { connection_name: `${settings.program}:${process.pid}:${newHexId()}` },
    ...(options.ssl && tlsOptions(options)),
  };
  try {
    return await connect(url, login);
  } catch (thrown) {
    // That is how amqplib puts it.
    if (!/Expected ConnectionOpenOk/.test(messageOf(thrown))) throw thrown;
    const message = `virtual host '${virtualHost}' is not there or not for user '${host.user}'`;
    throw new FenixError('denied', 'broker-denied', message, { cause: thrown });
  }
}

/**
 * As oslo.messaging understands the options: without a CA the certificate is not checked, and the host's name only if
 * that is asked for.
 * @throws FenixError `config-invalid` when a file cannot be read
 */
export function tlsOptions(options: AmqpSettings['options']): SocketOptions {
  const version = TLS_VERSIONS[options.sslVersion];
  return {
    rejectUnauthorized: options.sslCaFile !== '',
    ...(!options.sslEnforceHostnameVerification && { checkServerIdentity: () => undefined }),
    ...(options.sslCaFile !== '' && { ca: contents('ssl_ca_file', options.sslCaFile) }),
    ...(options.sslCertFile !== '' && { cert: contents('ssl_cert_file', options.sslCertFile) }),
    ...(options.sslKeyFile !== '' && { key: contents('ssl_key_file', options.sslKeyFile) }),
    ...(version !== undefined && { minVersion: version, maxVersion: version }),
  };
}

function contents(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const message = `Option ${option} in section [oslo_messaging_rabbit] cannot be read: ${messageOf(error)}.`;
    throw new FenixError('input', 'config-invalid', message);
  }
}

/** amqplib gives up when two intervals have passed in silence. */
function heartbeatS({ heartbeatTimeoutThreshold, heartbeatRate }: AmqpSettings['options']): number {
  return heartbeatTimeoutThreshold === 0 ? 0 : Math.max(1, Math.round(heartbeatTimeoutThreshold / heartbeatRate));
}

function credentialsFor({ user, password }: TransportHost, method: string): NonNullable<SocketOptions['credentials']> {
  if (method === 'EXTERNAL') return credentials.external();
  return method === 'PLAIN' ? credentials.plain(user, password) : credentials.amqplain(user, password);
}
