import { type Clock, plusSeconds } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import { isObject, type JsonObject } from '../http/wire.js';
import type { Application } from './application.js';
import type { TenantSession } from './tenant-session.js';

const POLL_S = 0.5;
/** Domain seconds after which a boot or a deletion is given up. */
const PATIENCE_S = 300;

/** Boots and deletes a project's servers by Nova's API, each to its end. */
export class Lifecycle {
  constructor(
    private readonly session: TenantSession,
    private readonly application: Application,
    private readonly clock: Clock,
  ) {}

  /**
   * Boots another one like `id` and waits until it is ACTIVE.
   *
   * @param inGroup whether it joins the application, in the old one's group
   * @returns its id; undefined where it found no host, the failed one being deleted again, or `id` is gone
   */
  async bootLike(id: string, signal: AbortSignal, inGroup = true): Promise<string | undefined> {
    const old = await this.server(id);
    if (old === undefined) return undefined;
    const groupId = inGroup ? (this.application.member(id)?.groupId ?? null) : null;
    const { name, flavor, image } = old;
    const { status, body } = await this.session.service('compute', 'POST', '/servers', {
      server: { name, flavorRef: idOf(flavor), imageRef: idOf(image) },
      ...(groupId === null ? {} : { 'os:scheduler_hints': { group: groupId } }),
    });
    const created = isObject(body) ? idOf(body.server) : undefined;
    if (status !== 202 || created === undefined)
      throw new FenixError('terminal', 'boot-refused', `Nova answered ${status} to a replacement of ${id}.`);
    if (inGroup) this.application.adopt(created);
    await this.until(signal, async () => ['ACTIVE', 'ERROR', undefined].includes(await this.status(created)));
    if ((await this.status(created)) === 'ACTIVE') return created;
    this.application.giveUp(created);
    await this.delete(created, signal);
    return undefined;
  }

  /** Resolves when it is gone; what its owner had locked is unlocked first. */
  async delete(id: string, signal: AbortSignal): Promise<void> {
    const path = `/servers/${id}`;
    const { status } = await this.session.service('compute', 'DELETE', path);
    if (status === 409) {
      await this.session.service('compute', 'POST', `${path}/action`, { unlock: null });
      await this.session.service('compute', 'DELETE', path);
    }
    await this.until(signal, async () => (await this.server(id)) === undefined);
  }

  /** Makes a snapshot, during which the server serves and is busy; resolves when that is over. */
  async snapshot(id: string, signal: AbortSignal): Promise<void> {
    await this.session.service('compute', 'POST', `/servers/${id}/action`, { createImage: { name: 'snapshot' } });
    await this.until(signal, async () => {
      const server = await this.server(id);
      return !String(server?.['OS-EXT-STS:task_state'] ?? '').startsWith('image_');
    });
  }

  /** Whether the project can see it. */
  async sees(id: string): Promise<boolean> {
    return (await this.server(id)) !== undefined;
  }

  private async status(id: string): Promise<string | undefined> {
    const server = await this.server(id);
    return server === undefined ? undefined : String(server.status);
  }

  /** In Nova's oldest form, which has the flavor's id. */
  private async server(id: string): Promise<JsonObject | undefined> {
    const { body } = await this.session.service('compute', 'GET', `/servers/${id}`);
    return isObject(body) && isObject(body.server) ? body.server : undefined;
  }

  private async until(signal: AbortSignal, holds: () => Promise<boolean>): Promise<void> {
    const deadline = plusSeconds(this.clock.now(), PATIENCE_S);
    while (!(await holds())) {
      if (this.clock.now() >= deadline)
        throw new FenixError('terminal', 'too-slow', `Nova took more than ${PATIENCE_S} s.`);
      await this.clock.sleep(plusSeconds(this.clock.now(), POLL_S), signal);
    }
  }
}

function idOf(value: unknown): string | undefined {
  return isObject(value) && typeof value.id === 'string' ? value.id : undefined;
}
