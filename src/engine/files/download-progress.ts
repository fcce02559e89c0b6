import type { MachineClock } from '../../common/clock.js';
import { FenixError, messageOf, Stopped } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import type { Watcher } from '../../downloads/downloads.js';
import type { Fetched } from '../../downloads/fetcher.js';
import type { DownloadedFile, SessionDownloads } from '../../model/index.js';
import type { SessionWriter } from '../session-writer.js';

/** Machine time between two words about how far a file has come. */
const TELL_EVERY_MS = 5_000;

/** Writes down how far the downloads of a session have come: each file when it is there, and now and then meanwhile. */
export class DownloadProgress implements Watcher {
  private readonly files: DownloadedFile[];
  private writing: Promise<void> = Promise.resolve();
  private toldMs: number;

  /** @param requireThawed asked before anything begins; rejects with a FenixError `frozen` while nothing may */
  constructor(
    private readonly downloads: SessionDownloads,
    private readonly writer: SessionWriter,
    private readonly machine: MachineClock,
    private readonly requireThawed: () => Promise<void>,
    private readonly log: Logger,
  ) {
    this.files = downloads.files.map((file) => ({ ...file, state: 'waiting', percent: null }));
    this.toldMs = machine.monotonicMs();
  }

  /** @throws Stopped while everything is frozen */
  async before(): Promise<void> {
    try {
      await this.requireThawed();
    } catch (error) {
      if (error instanceof FenixError && error.code === 'frozen') throw new Stopped('everything is frozen');
      throw error;
    }
  }

  came(index: number, bytes: number, total: number | null): void {
    // What comes is no more than was announced, but for a server that lies.
    const percent = total === null ? null : Math.min(100, Math.floor((100 * bytes) / total));
    this.set(index, { state: 'coming', percent });
    if (this.machine.monotonicMs() - this.toldMs < TELL_EVERY_MS) return;
    this.toldMs = this.machine.monotonicMs();
    this.write();
  }

  async done(index: number, { bytes, sha256 }: Fetched): Promise<void> {
    this.set(index, { state: 'done', percent: 100 });
    const url = this.files[index]?.url;
    this.write({ url, sha256, bytes });
    await this.settled();
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await this.writing;
  }

  private set(index: number, patch: Partial<DownloadedFile>): void {
    const file = this.files[index];
    if (file !== undefined) this.files[index] = { ...file, ...patch };
  }

  /** One after the other; what cannot be written is no reason to end a download. @param came a file that is there */
  private write(came?: Record<string, unknown>): void {
    const files = [...this.files];
    this.writing = this.writing.then(async () => {
      try {
        await this.writer.commit((unit) => {
          unit.patchSession({ downloads: { ...this.downloads, files } });
          if (came !== undefined) unit.tell('file-downloaded', came);
        });
      } catch (error) {
        this.log.warn({ reason: messageOf(error) }, 'how far downloads have come could not be written');
      }
    });
  }
}
