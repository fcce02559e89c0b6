import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { trusting } from '../common/authorities.js';
import { type BackoffSettings, backoffMs } from '../common/backoff.js';
import type { MachineClock } from '../common/clock.js';
import { FenixError, messageOf } from '../common/errors.js';
import { underWay } from '../common/under-way.js';
import { brokenOff, unfit, unwritable } from './failure.js';
import { throughProxy } from './proxy.js';
import { addressProblem, type DownloadRules, type DownloadTarget, shown } from './request.js';

export interface FetchSettings extends DownloadRules {
  /** Bytes of one file. */
  readonly maxBytes: number;
  /** PEM file of the authorities to trust in place of Node's; empty: Node's. */
  readonly caFile: string;
  /** http:// URL of a proxy; empty: none, whatever the environment says. */
  readonly proxy: string;
}

export interface Fetched {
  /** Hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Who follows one file. */
export interface Following {
  /** Asked before each try. @throws whatever is to end it */
  before(): Promise<void>;
  /** Bytes that have come, of `total`; null where the server does not say. */
  came(bytes: number, total: number | null): void;
}

const RETRY: BackoffSettings = { firstMs: 1000, factor: 2, ceilingMs: 30_000 };
const MOST_TRIES = 5;
const MOST_REDIRECTS = 5;
/** Real time without a byte after which a connection is taken for dead. */
const SILENCE_MS = 30_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const PASSING = new Set([408, 425, 429]);

/** Fetches files whole and as they are, from where that is allowed. */
export class Fetcher {
  private readonly dispatcher: Dispatcher;

  /** @throws FenixError `config-invalid` for a file of authorities that cannot be read */
  constructor(
    private readonly settings: FetchSettings,
    private readonly machine: MachineClock,
  ) {
    const times = { headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS };
    const tls = trusting(settings.caFile, 'download_cafile');
    const connect = settings.proxy === '' ? tls : throughProxy(new URL(settings.proxy), tls);
    this.dispatcher = new Agent({ ...times, connect });
  }

  close(): Promise<void> {
    return this.dispatcher.close();
  }

  /**
   * Writes what is at the target's URL into `file`, which must not be there.
   * @param sha256 what it must be, null if anything
   * @throws FenixError `download-failed`; anything when `signal` aborts
   */
  async fetch(
    target: DownloadTarget,
    sha256: string | null,
    file: string,
    signal: AbortSignal,
    following?: Following,
  ): Promise<Fetched> {
    for (let tries = 1; ; tries += 1) {
      await following?.before();
      try {
        const fetched = await underWay(() => this.once(target.url, file, signal, following));
        if (sha256 === null || sha256 === fetched.sha256) return fetched;
        throw unfit(`${shown(target.url)} has the SHA-256 ${fetched.sha256}, not ${sha256}.`);
      } catch (error) {
        await rm(file, { force: true });
        if (!(error instanceof FenixError) || !error.retryable || tries >= MOST_TRIES || signal.aborted) throw error;
        const pauseMs = Math.max(backoffMs(RETRY, tries - 1), (error.retryAfterS ?? 0) * 1000);
        await this.machine.sleepMs(pauseMs, signal);
      }
    }
  }

  private async once(first: URL, file: string, signal: AbortSignal, following?: Following): Promise<Fetched> {
    let url = first;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.ask(url, signal);
      const { statusCode: status } = answer;
      if (status === 200) return this.keep(url, answer, file, following);
      await drop(answer);
      if (!REDIRECTS.has(status)) throw refusal(url, answer);
      if (redirects >= MOST_REDIRECTS) throw unfit(`${shown(first)} leads from one address to the next.`);
      url = this.next(url, answer);
    }
  }

  private async ask(url: URL, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    // Compressed on the way it would be another file.
    const headers = { accept: '*/*', 'accept-encoding': 'identity' };
    try {
      return await request(url, { method: 'GET', headers, dispatcher: this.dispatcher, signal });
    } catch (error) {
      throw brokenOff(`${shown(url)} cannot be reached: ${reasonOf(error)}.`, { cause: error });
    }
  }

  /** Where a redirect leads, if that is the same host and may be talked to. */
  private next(url: URL, { headers }: Dispatcher.ResponseData): URL {
    const location = String(headers.location ?? '');
    if (!URL.canParse(location, url.href)) throw unfit(`${shown(url)} leads nowhere: ${quoted(location)} is no URL.`);
    const next = new URL(location, url);
    if (next.hostname !== url.hostname) throw unfit(`${shown(url)} leads to another host, ${quoted(next.host)}.`);
    const problem = addressProblem(next, this.settings);
    if (problem !== undefined) throw unfit(`${shown(url)} leads to an address that ${problem}`);
    return next;
  }

  private async keep(
    url: URL,
    { headers, body }: Dispatcher.ResponseData,
    file: string,
    following?: Following,
  ): Promise<Fetched> {
    const { maxBytes } = this.settings;
    const tooLarge = () => unfit(`${shown(url)} has more than ${maxBytes} bytes (download_max_size).`);
    const hash = createHash('sha256');
    const announced = Number(headers['content-length'] ?? Number.NaN);
    const total = announced > 0 ? announced : null;
    let bytes = 0;
    // It fails once more when it is given up.
    body.on('error', () => undefined);
    try {
      if (announced > maxBytes) throw tooLarge();
      const handle = await open(file, 'wx', 0o600).catch(refuse);
      try {
        for await (const chunk of body as AsyncIterable<Buffer>) {
          bytes += chunk.length;
          if (bytes > maxBytes) throw tooLarge();
          hash.update(chunk);
          await handle.appendFile(chunk).catch(refuse);
          following?.came(bytes, total);
        }
      } finally {
        await handle.close();
      }
    } catch (error) {
      body.destroy();
      if (error instanceof FenixError) throw error;
      throw brokenOff(`${shown(url)} broke off after ${bytes} bytes: ${reasonOf(error)}.`, { cause: error });
    }
    return { sha256: hash.digest('hex'), bytes };
  }
}

/** What a server said, shortened, without what could move a cursor. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

function refuse(error: unknown): never {
  throw unwritable(error);
}

/** What an answer without the file says beside its status is of no interest. */
async function drop({ body }: Dispatcher.ResponseData): Promise<void> {
  await body.dump().catch(() => undefined);
}

function refusal(url: URL, { statusCode, headers }: Dispatcher.ResponseData): FenixError {
  const message = `${shown(url)} answered ${statusCode}.`;
  if (statusCode < 500 && !PASSING.has(statusCode)) return unfit(message);
  const retryAfterS = Number(headers['retry-after']);
  return brokenOff(message, Number.isFinite(retryAfterS) ? { retryAfterS } : {});
}

function reasonOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  const message = messageOf(error);
  return message === '' ? String(code ?? error) : message;
}
