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

  /** Boots another one like `id`, in its group, and waits until it is ACTIVE; a failed one is deleted again. */
  async bootLike(id: string, signal: AbortSignal): Promise<void> {
    const old = await this.server(id);
    if (old === undefined) return;
    const groupId = this.application.member(id)?.groupId ?? null;
    const { status, body } = await this.session.service('compute', 'POST', '/servers', {
      server: {
        name: old.name,
        flavorRef: isObject(old.flavor) ? old.flavor.id : undefined,
        imageRef: isObject(old.image) ? old.image.id : undefined,
      },
      ...(groupId === null ? {} : { 'os:scheduler_hints': { group: groupId } }),
    });
    const created = isObject(body) && isObject(body.server) ? String(body.server.id) : undefined;
    if (status !== 202 || created === undefined)
      throw new FenixError('terminal', 'boot-refused', `Nova answered ${status} to a replacement of ${id}.`);
    await this.until(signal, async () => ['ACTIVE', 'ERROR'].includes(String((await this.server(created))?.status)));
    if ((await this.server(created))?.status === 'ACTIVE') return;
    await this.delete(created, signal);
    throw new FenixError('terminal', 'boot-failed', `A replacement of ${id} found no host.`);
  }

  async delete(id: string, signal: AbortSignal): Promise<void> {
    await this.session.service('compute', 'DELETE', `/servers/${id}`);
    await this.until(signal, async () => (await this.server(id)) === undefined);
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
