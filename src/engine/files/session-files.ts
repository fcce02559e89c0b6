import type { MachineClock } from '../../common/clock.js';
import { FenixError, messageOf, Stopped } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { underWay } from '../../common/under-way.js';
import { LeaseLost } from '../../db/session-repository.js';
import type { Holder } from '../../downloads/cache.js';
import type { Brought, SessionDownloader } from '../../downloads/downloads.js';
import type { DownloadedFile, PluginPin, Reason, Session, SessionDownloads } from '../../model/index.js';
import type { PluginProcesses } from '../../workflow/isolation/plugin-processes.js';
import type { PluginRegistry } from '../../workflow/registry.js';
import type { SessionWriter } from '../session-writer.js';
import { DownloadProgress } from './download-progress.js';
import { downloadedPlugins, pinsOfDownloaded } from './downloaded-plugins.js';

/** `none`: nothing was begun, or it was broken off. */
export type FilesState = 'none' | 'coming' | 'there' | 'failed';

/**
 * What an owned session downloads, and the plug-ins that come with it (v1 §6.2). Each owner brings it anew; what the first
 * one got is what the others must get.
 */
export class SessionFiles {
  private now: FilesState = 'none';
  private known: PluginRegistry;
  private why: Omit<Reason, 'at'> | undefined;
  private isTold = false;
  private work: Promise<void> = Promise.resolve();
  private cancelled = new AbortController();

  constructor(
    private readonly downloads: SessionDownloader,
    private readonly holder: Holder,
    /** The engine's own plug-ins. */
    private readonly installed: PluginRegistry,
    /** Where those that come run; undefined: in the engine's own process. */
    private readonly processes: PluginProcesses | undefined,
    private readonly writer: SessionWriter,
    private readonly stopping: AbortSignal,
    private readonly onEnd: () => void,
    private readonly machine: MachineClock,
    /** Rejects with a FenixError `frozen` while nothing external may begin. */
    private readonly requireThawed: () => Promise<void>,
    private readonly log: Logger,
  ) {
    this.known = installed;
  }

  get state(): FilesState {
    return this.now;
  }

  /** The plug-ins that the session may use at present. */
  get plugins(): PluginRegistry {
    return this.known;
  }

  /**
   * Sees to it that they come, or that nobody waits for what is not needed any more.
   * @param ending the session is over but for what it has to give back
   * @param frozen nothing may begin now; what is coming ends with the file that is on its way, and begins anew afterwards
   */
  attend(session: Session, ending: boolean, frozen: boolean): FilesState {
    const { downloads } = session;
    if (downloads === null) return this.now;
    // No plug-in from there was ever begun, so there is nothing of theirs to be gone on with or undone.
    if (ending && downloads.plugins === null) this.cancelled.abort();
    else if (frozen) return this.now;
    else if (this.now === 'none' || (this.now === 'failed' && this.isTold && !ending)) this.start(session, downloads);
    return this.now;
  }

  /** Why they did not come; whoever goes on after it is to try again. */
  tellFailure(): Omit<Reason, 'at'> {
    this.isTold = true;
    return this.why ?? { code: 'download-failed', message: 'The downloads are not there.' };
  }

  /** Resolves when nothing is under way any more and nothing is left on this machine. */
  async end(): Promise<void> {
    this.cancelled.abort();
    await this.work;
    await this.downloads.remove(this.holder).catch((error: unknown) => {
      this.log.warn({ reason: messageOf(error) }, 'downloaded files could not be removed');
    });
  }

  private start(session: Session, downloads: SessionDownloads): void {
    this.now = 'coming';
    this.isTold = false;
    this.cancelled = new AbortController();
    const signal = AbortSignal.any([this.stopping, this.cancelled.signal]);
    this.work = this.bring(session, downloads, signal)
      .then(
        () => {
          this.now = 'there';
        },
        (error: unknown) => {
          const isStopped = signal.aborted || error instanceof Stopped || error instanceof LeaseLost;
          this.now = isStopped ? 'none' : 'failed';
          if (isStopped) return;
          const code = error instanceof FenixError ? error.code : 'download-failed';
          this.why = { code, message: messageOf(error) };
          this.log.warn({ code, reason: messageOf(error) }, 'downloads failed');
        },
      )
      .finally(this.onEnd);
  }

  private async bring(session: Session, downloads: SessionDownloads, signal: AbortSignal): Promise<void> {
    const progress = new DownloadProgress(downloads, this.writer, this.machine, this.requireThawed, this.log);
    const brought = await this.downloads
      .bring(this.holder, downloads.files, signal, progress)
      .finally(() => progress.settled());
    const { failure } = brought;
    if (failure !== undefined) {
      const files = downloads.files.map((file, i) => ({ ...file, state: stateOf(i, brought), percent: null }));
      await this.writer.commit((unit) => {
        unit.patchSession({ downloads: { ...downloads, files } });
        unit.tell('download-failed', { message: failure.message });
      });
      throw failure;
    }
    const found = await underWay(() => downloadedPlugins(brought.directory, this.processes, this.log));
    const known = this.installed.overlaid(found, session.plugins);
    const plugins = pinsOfDownloaded(session, known);
    const files = downloads.files.map((file, i) => ({
      ...file,
      state: stateOf(i, brought),
      percent: null,
      sha256: file.sha256 ?? brought.fetched[i]?.sha256 ?? null,
    }));
    await this.writer.commit((unit) => {
      unit.patchSession({ downloads: { files, plugins } });
      unit.tell('downloaded', { files: told(files, brought), plugins: plugins.map(shownPin) });
    });
    this.known = known;
    this.log.info({ files: files.length, plugins: plugins.map(shownPin) }, 'downloads are there');
  }
}

function stateOf(index: number, { fetched }: Brought): DownloadedFile['state'] {
  if (index < fetched.length) return 'done';
  return index === fetched.length ? 'failed' : 'waiting';
}

function told(files: readonly DownloadedFile[], { fetched }: Brought): object[] {
  return files.map(({ url, sha256 }, i) => ({ url, sha256, bytes: fetched[i]?.bytes }));
}

function shownPin({ kind, name, version }: PluginPin): string {
  return `${kind} ${name} ${version}`;
}
