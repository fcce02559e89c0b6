import { mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = /^\.fenix-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(\d+)$/;

/** One ownership of a session (L2): each has files of its own, so that no former owner gets in the way. */
export interface Holder {
  readonly sessionId: string;
  readonly epoch: number;
}

/**
 * The directory of downloads (`local_cache_dir`). A session's files are at `<session id>`, a link to the directory of its
 * present owner, which is replaced at once.
 */
export class DownloadCache {
  constructor(private readonly root: string) {}

  /** Where a session's files are for whoever uses them. */
  placeOf(sessionId: string): string {
    return join(this.root, sessionId);
  }

  /** The owner's own, whether or not it is there yet. */
  directoryOf(holder: Holder): string {
    return join(this.root, nameOf(holder));
  }

  /** Makes it, empty, so that nobody else can look into it. */
  async make(holder: Holder): Promise<void> {
    await mkdir(this.root, { recursive: true, mode: 0o700 });
    const directory = this.directoryOf(holder);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { mode: 0o700 });
  }

  /** From now on they are the session's. */
  async publish(holder: Holder): Promise<void> {
    const place = this.placeOf(holder.sessionId);
    const link = `${this.directoryOf(holder)}.link`;
    await rm(link, { force: true });
    await symlink(nameOf(holder), link);
    await rename(link, place);
  }

  /** Everything that this owner has put there. */
  async remove(holder: Holder): Promise<void> {
    const place = this.placeOf(holder.sessionId);
    const target = await readlink(place).catch(() => undefined);
    if (target === nameOf(holder)) await rm(place, { force: true });
    await rm(this.directoryOf(holder), { recursive: true, force: true });
  }

  /** What former owners have left here: ours by its name, whoever else uses the directory. */
  async holders(): Promise<Holder[]> {
    const names = await readdir(this.root).catch(() => []);
    return names.flatMap((name) => {
      const [, sessionId, epoch] = NAME.exec(name) ?? [];
      return sessionId === undefined ? [] : [{ sessionId, epoch: Number(epoch) }];
    });
  }
}

function nameOf({ sessionId, epoch }: Holder): string {
  return `.fenix-${sessionId}-${epoch}`;
}
