import type { Blocked } from '../model/index.js';
import type { Held } from '../workflow/decisions.js';
import { blockedBy } from './blocked.js';
import type { SessionContext } from './context.js';

/**
 * Writes down of each instance what it can't go on for, where a workflow says so of each. What was written is remembered,
 * as only the owner of the session writes it.
 */
export class BlockedInstances {
  private known: Map<string, Blocked> | undefined;

  constructor(private readonly session: SessionContext) {}

  async note(held: readonly Held[]): Promise<void> {
    const { repositories, sessionId, clock, writer, style } = this.session;
    if (style !== 'vnf') return;
    const known = await this.read();
    const now = clock.now();
    const wanted = new Map(
      held.flatMap((one) => (one.instanceId === undefined ? [] : [[one.instanceId, one] as const])),
    );
    const changes = new Map<string, Blocked | null>();
    for (const [id, one] of wanted) {
      const before = known.get(id);
      // What was said once stands until it is over.
      const stands = before?.because === one.because && before.until > now;
      const next = blockedBy(stands ? { ...one, until: before.until } : one, before, now);
      if (next !== undefined) changes.set(id, next);
    }
    for (const id of known.keys()) if (!wanted.has(id)) changes.set(id, null);
    if (changes.size === 0) return;
    await writer.commit((unit) => repositories.instances.block(sessionId, changes, unit.tx));
    for (const [id, blocked] of changes) {
      if (blocked === null) known.delete(id);
      else known.set(id, blocked);
    }
  }

  private async read(): Promise<Map<string, Blocked>> {
    if (this.known === undefined) {
      const all = await this.session.repositories.instances.list(this.session.sessionId);
      this.known = new Map(all.flatMap(({ instanceId, blocked }) => (blocked ? [[instanceId, blocked]] : [])));
    }
    return this.known;
  }
}
