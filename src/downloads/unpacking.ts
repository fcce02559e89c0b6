import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unfit } from './failure.js';

export interface UnpackLimits {
  /** Bytes of all that comes out of one archive. */
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** What an archive says of one of its entries. */
export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'other';
  /** In words, for what is neither. */
  readonly type: string;
  readonly executable: boolean;
}

const DEEPEST = 32;
const LONGEST_PATH = 1024;
const LONGEST_PART = 255;
/** Nothing that is worth downloading shrinks by more; what is small all the same does no harm. */
const MOST_GROWTH = 200;
/** Bytes around the content of an entry: headers, long names, padding. */
const MOST_AROUND_ENTRY = 4096;
const HARMLESS_BYTES = 16 * 1024 * 1024;

/**
 * Writes the entries of one archive below a directory, which they cannot leave: files and directories alone, each once,
 * within limits. Whatever else is there makes the whole archive a failure.
 */
export class Unpacking {
  private entries = 0;
  private bytes = 0;
  private rawBytes = 0;
  private readonly files = new Set<string>();
  private readonly directories = new Set<string>();

  /** @param packedBytes the archive's own size */
  constructor(
    private readonly archive: string,
    private readonly directory: string,
    private readonly packedBytes: number,
    private readonly limits: UnpackLimits,
    private readonly signal: AbortSignal,
  ) {}

  /** @throws FenixError `download-failed`, and what `content` throws */
  async write(entry: Entry, content: AsyncIterable<Buffer>): Promise<void> {
    this.signal.throwIfAborted();
    this.countEntry();
    if (entry.kind === 'other') throw this.unfit(`holds ${quoted(entry.name)}, ${entry.type}`);
    const parts = this.partsOf(entry.name);
    if (parts.length === 0 && entry.kind === 'directory') return;
    if (parts.length === 0) throw this.unfit(`holds a file without a name`);
    if (entry.kind === 'directory') await this.makeDirectory(parts, true);
    else await this.writeFile(parts, entry.executable, content);
  }

  /** Bytes of the archive itself as they come out of its compression: headers and padding count, too. */
  countRaw(bytes: number): void {
    this.rawBytes += bytes;
    const { maxBytes, maxEntries } = this.limits;
    if (this.rawBytes > maxBytes + maxEntries * MOST_AROUND_ENTRY) throw this.tooLarge();
    this.requireModest(this.rawBytes);
  }

  /** Room for what an archive announces, before anything of it is written. */
  announce(entries: number): void {
    const { maxEntries } = this.limits;
    if (entries > maxEntries)
      throw this.unfit(`has ${entries} entries, more than ${maxEntries} (download_max_entries)`);
  }

  unfit(what: string, cause?: unknown) {
    return unfit(`The archive ${this.archive} ${what}.`, cause);
  }

  /** @param isEntry the last of them was counted already */
  private async makeDirectory(parts: readonly string[], isEntry: boolean): Promise<void> {
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const path = parts.slice(0, depth).join('/');
      if (this.files.has(path)) throw this.unfit(`holds ${quoted(path)} both as a file and as a directory`);
      // Those on the way to an entry are as good as entries.
      if (!this.directories.has(path) && !(isEntry && depth === parts.length)) this.countEntry();
      this.directories.add(path);
    }
    await mkdir(join(this.directory, ...parts), { recursive: true, mode: 0o700 });
  }

  private async writeFile(parts: string[], executable: boolean, content: AsyncIterable<Buffer>): Promise<void> {
    const name = parts.join('/');
    if (this.files.has(name)) throw this.unfit(`holds ${quoted(name)} twice`);
    if (parts.length > 1) await this.makeDirectory(parts.slice(0, -1), false);
    this.files.add(name);
    const path = join(this.directory, ...parts);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'wx', executable ? 0o700 : 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      throw this.unfit(`holds ${quoted(name)}, which is there already`, error);
    });
    try {
      for await (const chunk of content) {
        this.signal.throwIfAborted();
        this.count(chunk.length);
        await file.appendFile(chunk);
      }
    } finally {
      await file.close();
    }
  }

  private count(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > this.limits.maxBytes) throw this.tooLarge();
    this.requireModest(this.bytes);
  }

  private countEntry(): void {
    this.entries += 1;
    const { maxEntries } = this.limits;
    if (this.entries > maxEntries) throw this.unfit(`has more than ${maxEntries} entries (download_max_entries)`);
  }

  private requireModest(bytes: number): void {
    if (bytes > Math.max(HARMLESS_BYTES, this.packedBytes * MOST_GROWTH)) {
      throw this.unfit(`grows to more than ${MOST_GROWTH} times its size`);
    }
  }

  private tooLarge() {
    return this.unfit(`holds more than ${this.limits.maxBytes} bytes (download_max_size)`);
  }

  private partsOf(name: string): string[] {
    const odd = (why: string) => this.unfit(`holds ${quoted(name)}: ${why}`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    if (/[\u0000-\u001f\u007f\\]/.test(name)) throw odd('names hold neither control characters nor backslashes');
    if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) throw odd('paths are relative');
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw odd('paths do not lead upwards');
    if (parts.length > DEEPEST || name.length > LONGEST_PATH) throw odd('the path is too long');
    if (parts.some((part) => Buffer.byteLength(part) > LONGEST_PART)) throw odd('the name is too long');
    return parts;
  }
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}
