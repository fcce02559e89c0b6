import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineClock } from '../common/clock.js';
import { FenixError, Stopped } from '../common/errors.js';
import { underWay } from '../common/under-way.js';
import type { DownloadCache, Holder } from './cache.js';
import { unfit } from './failure.js';
import type { Fetched, Fetcher } from './fetcher.js';
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
   * @throws Stopped when `signal` aborts
   */
  async bring(holder: Holder, wanted: readonly Wanted[], signal: AbortSignal): Promise<Brought> {
    const fetched: Fetched[] = [];
    const names = new Set<string>();
    const directory = this.cache.directoryOf(holder);
    try {
      await underWay(() => this.cache.make(holder));
      for (const { url, sha256 } of wanted) {
        const target = this.targetOf(url, names);
        fetched.push(await this.withinTime(target, sha256 ?? target.sha256, directory, signal));
      }
      await underWay(() => this.cache.publish(holder));
      return { directory, fetched };
    } catch (error) {
      if (signal.aborted) throw new Stopped();
      return { directory, fetched, failure: asFailure(error) };
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
    signal: AbortSignal,
  ): Promise<Fetched> {
    const { timeoutS } = this.settings;
    const late = new AbortController();
    const cancel = this.machine.after(timeoutS * 1000, () => late.abort());
    const either = AbortSignal.any([signal, late.signal]);
    try {
      return await this.one(target, sha256, directory, either);
    } catch (error) {
      if (!late.signal.aborted) throw error;
      throw unfit(`${shown(target.url)} was not there within ${timeoutS} s (download_timeout).`, error);
    } finally {
      cancel();
    }
  }

  private async one(target: DownloadTarget, sha256: string | null, directory: string, signal: AbortSignal) {
    const file = join(directory, target.fileName);
    const fetched = await this.fetcher.fetch(target, sha256, file, signal);
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

function asFailure(error: unknown): FenixError {
  if (error instanceof FenixError) return error;
  return unfit(`The files cannot be written: ${error instanceof Error ? error.message : String(error)}.`, error);
}
