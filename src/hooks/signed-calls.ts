import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent, type Dispatcher, request } from 'undici';
import type { AllowedHosts } from '../common/allowed-hosts.js';
import { trusting } from '../common/authorities.js';
import { FenixError, messageOf, Stopped } from '../common/errors.js';
import { isObject } from '../common/is-object.js';
import type { SignedAnswer, SignedCall, SignedCalls, SignedTarget } from '../workflow/action-tools.js';

export interface HookSettings {
  readonly allowedHosts: AllowedHosts;
  readonly requireHttps: boolean;
  /** JSON file with the secrets by name. */
  readonly secretsFile: string;
  /** PEM file of the authorities to trust in place of Node's; empty: Node's. */
  readonly caFile: string;
  /** Machine seconds for one call. */
  readonly timeoutS: number;
  /** Bytes of an answer. */
  readonly maxAnswerBytes: number;
}

const SHORTEST_SECRET = 16;

/** `sha256=<hex>` of `<timestamp>.<body>`, as the receiver computes it again. */
export function signatureOf(secret: string, timestamp: number, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** Sends signed calls; made once per process, for it keeps connections. */
export class HookClient {
  private readonly dispatcher: Dispatcher;

  /**
   * @param now Unix time in seconds, for the signature: that of the world, not of a simulation
   * @throws FenixError `config-invalid` for a file of authorities that cannot be read
   */
  constructor(
    private readonly settings: HookSettings,
    private readonly now: () => number = () => Math.floor(Date.now() / 1000),
  ) {
    const tls = trusting(settings.caFile, 'cafile in section [http_hook]');
    this.dispatcher = new Agent({ connect: tls });
  }

  close(): Promise<void> {
    return this.dispatcher.close();
  }

  /** @param signal ends what is under way */
  readonly hooks = (signal: AbortSignal): SignedCalls => ({
    check: async (target) => {
      this.addressOf(target);
      await this.secretOf(target);
    },
    send: (target, call) => this.send(target, call, signal),
  });

  private async send(target: SignedTarget, { key, body }: SignedCall, signal: AbortSignal): Promise<SignedAnswer> {
    const url = this.addressOf(target);
    const secret = await this.secretOf(target);
    const text = JSON.stringify(body);
    const timestamp = this.now();
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      'idempotency-key': key,
      'x-fenix-timestamp': String(timestamp),
      'x-fenix-signature': signatureOf(secret, timestamp, text),
    };
    const time = AbortSignal.timeout(this.settings.timeoutS * 1000);
    const either = AbortSignal.any([signal, time]);
    try {
      const { dispatcher } = this;
      const answer = await request(url, { method: 'POST', headers, body: text, dispatcher, signal: either });
      return await this.read(url, answer);
    } catch (error) {
      if (signal.aborted) throw new Stopped();
      if (error instanceof FenixError) throw error;
      const why = time.aborted ? `no answer within ${this.settings.timeoutS} s` : messageOf(error);
      const message = `${shown(url)} cannot be reached: ${why}.`;
      throw new FenixError('transient', 'hook-unreachable', message, { cause: error, inDoubt: true });
    }
  }

  private async read(url: URL, { statusCode, headers, body }: Dispatcher.ResponseData): Promise<SignedAnswer> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    // It fails once more when it is given up.
    body.on('error', () => undefined);
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > this.settings.maxAnswerBytes) throw badAnswer(url, `more than ${this.settings.maxAnswerBytes} bytes`);
      chunks.push(chunk);
    }
    const retryAfterS = Number(headers['retry-after']);
    return {
      status: statusCode,
      body: parsed(url, statusCode, Buffer.concat(chunks).toString()),
      ...(Number.isFinite(retryAfterS) && { retryAfterS }),
    };
  }

  private addressOf({ url: text }: SignedTarget): URL {
    const url = /^https?:\/\/[^/\\]/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined) throw refused(`"${text}" is no http:// or https:// URL.`);
    if (this.settings.requireHttps && url.protocol !== 'https:')
      throw refused(`${shown(url)} does not begin with https://.`);
    if (url.username !== '' || url.password !== '') throw refused(`${shown(url)} must hold no user and no password.`);
    if (!this.settings.allowedHosts.includes(url)) {
      throw refused(`${url.host} is not in [http_hook] allowed_hosts.`);
    }
    return url;
  }

  /** Read each time: a secret is changed without a restart. */
  private async secretOf({ secret: name }: SignedTarget): Promise<string> {
    const { secretsFile } = this.settings;
    if (secretsFile === '') throw refused('[http_hook] secrets_file names no file, so there are no secrets.');
    let secrets: Record<string, unknown>;
    try {
      secrets = JSON.parse(await readFile(secretsFile, 'utf8')) as Record<string, unknown>;
    } catch (error) {
      throw refused(`[http_hook] secrets_file cannot be read: ${whyUnreadable(error)}.`);
    }
    const secret = Object.hasOwn(secrets ?? {}, name) ? secrets[name] : undefined;
    if (typeof secret !== 'string') throw refused(`[http_hook] secrets_file has no secret "${name}".`);
    if (secret.length < SHORTEST_SECRET)
      throw refused(`Secret "${name}" has fewer than ${SHORTEST_SECRET} characters.`);
    return secret;
  }
}

/** What a parser quotes may be a secret. */
function whyUnreadable(error: unknown): string {
  return error instanceof SyntaxError ? 'it is no JSON' : messageOf(error);
}

/** A refusal may say anything; what is taken for an answer must be an object. */
function parsed(url: URL, status: number, text: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Told below.
  }
  if (status >= 300) return {};
  throw badAnswer(url, 'something else than a JSON object');
}

function badAnswer(url: URL, what: string): FenixError {
  return new FenixError('terminal', 'hook-answer', `${shown(url)} answered with ${what}.`);
}

function refused(message: string): FenixError {
  return new FenixError('terminal', 'hook-refused', message);
}

function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}
