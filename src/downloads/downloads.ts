import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineClock } from '../common/clock.js';
import { FenixError, Stopped } from '../common/errors.js';
import { underWay } from '../common/under-way.js';
import type { DownloadCache, Holder } from './cache.js';
import { unfit, unwritable } from './failure.js';
import type { Fetched, Fetcher, Following } from './fetcher.js';
import { type DownloadRules, type DownloadTarget, downloadTarget, shown } from './request.js';
import { unpack } from './unpack.js';
import type { UnpackLimits } from './unpacking.js';

export interface DownloadSettings extends DownloadRules, UnpackLimits {
  /** Machine seconds for one file: all tries to fetch it, and unpacking it. */
  readonly timeoutS: number;
}

/** One file that a session wants. */
export interface Wanted {
  readonly url: string;
  /** What it was when it first came; null before that. */
  readonly sha256: string | null;
}

export interface Brought {
  /** The owner's own: code that is imported from there is known by a path that no other owner's has. */
  readonly directory: string;
  /** Those that came, in order; all of them unless one failed. */
  readonly fetched: readonly Fetched[];
  /** Why the one after them did not. */
  readonly failure?: FenixError;
}

/** Who follows what comes. */
export interface Watcher {
  /** Asked before each try of each file. @throws Stopped if nothing is to begin now */
  before(): Promise<void>;
  /** So many bytes of the file of that index have come, of `total`; null where its server does not say. */
  came(index: number, bytes: number, total: number | null): void;
  /** It is there whole, unpacked where it is an archive. */
  done(index: number, fetched: Fetched): Promise<void>;
}

const NOBODY: Watcher = { before: async () => undefined, came: () => undefined, done: async () => undefined };

/** What the owner of a session needs. */
export type SessionDownloader = Pick<Downloads, 'bring' | 'placeOf' | 'remove'>;

/** Brings what sessions want into directories of their own, and takes it away again. */
export class Downloads {
  constructor(
    private readonly settings: DownloadSettings,
    private readonly fetcher: Fetcher,
    private readonly cache: DownloadCache,
    private readonly machine: MachineClock,
  ) {}

  /** The session's directory, whether or not anything is there yet. */
  placeOf(sessionId: string): string {
    return this.cache.placeOf(sessionId);
  }

  /**
   * Fetches and unpacks one file after the other until one fails; only when all are there they are at `placeOf`.
   * @throws Stopped when `signal` aborts, or the watcher lets nothing begin
   */
  async bring(
    holder: Holder,
    wanted: readonly Wanted[],
    signal: AbortSignal,
    watcher: Watcher = NOBODY,
  ): Promise<Brought> {
    const fetched: Fetched[] = [];
    const names = new Set<string>();
    const directory = this.cache.directoryOf(holder);
    try {
      await underWay(() => this.cache.make(holder));
      for (const [index, { url, sha256 }] of wanted.entries()) {
        const target = this.targetOf(url, names);
        const following: Following = {
          before: () => watcher.before(),
          came: (bytes, total) => watcher.came(index, bytes, total),
        };
        const one = await this.withinTime(target, sha256 ?? target.sha256, directory, following, signal);
        fetched.push(one);
        await watcher.done(index, one);
      }
      await underWay(() => this.cache.publish(holder));
      return { directory, fetched };
    } catch (error) {
      if (signal.aborted || error instanceof Stopped) throw new Stopped();
      return { directory, fetched, failure: error instanceof FenixError ? error : unwritable(error) };
    }
  }

  remove(holder: Holder): Promise<void> {
    return underWay(() => this.cache.remove(holder));
  }

  /** Removes what crashed processes left of holders that hold nothing any more. @returns whose it was */
  async sweep(holds: (holder: Holder) => Promise<boolean>): Promise<Holder[]> {
    const swept: Holder[] = [];
    for (const holder of await this.cache.holders()) {
      if (await holds(holder)) continue;
      await this.remove(holder);
      swept.push(holder);
    }
    return swept;
  }

  close(): Promise<void> {
    return this.fetcher.close();
  }

  /** What the API let pass may not pass here: its configuration is another file. */
  private targetOf(url: string, names: Set<string>): DownloadTarget {
    const target = downloadTarget(url, this.settings);
    if ('refused' in target) throw unfit(`${url.replace(/[?#].*/, '')} ${target.refused}`);
    if (names.has(target.fileName)) throw unfit(`Two downloads would be called ${target.fileName}.`);
    names.add(target.fileName);
    return target;
  }

  private async withinTime(
    target: DownloadTarget,
    sha256: string | null,
    directory: string,
    following: Following,
    signal: AbortSignal,
  ): Promise<Fetched> {
    const { timeoutS } = this.settings;
    const late = new AbortController();
    const cancel = this.machine.after(timeoutS * 1000, () => late.abort());
    const either = AbortSignal.any([signal, late.signal]);
    try {
      return await this.one(target, sha256, directory, following, either);
    } catch (error) {
      if (!late.signal.aborted) throw error;
      throw unfit(`${shown(target.url)} was not there within ${timeoutS} s (download_timeout).`, error);
    } finally {
      cancel();
    }
  }

  private async one(
    target: DownloadTarget,
    sha256: string | null,
    directory: string,
    following: Following,
    signal: AbortSignal,
  ) {
    const file = join(directory, target.fileName);
    const fetched = await this.fetcher.fetch(target, sha256, file, signal, following);
    const { archive } = target;
    if (archive === null) return fetched;
    await underWay(async () => {
      await unpack(
        { file, form: archive.form, bytes: fetched.bytes },
        join(directory, archive.into),
        this.settings,
        signal,
      );
      await rm(file);
    });
    return fetched;
  }
}
