import { MachineClock } from '../common/clock.js';
import { FenixError } from '../common/errors.js';
import type { KeystoneSession } from './session.js';
import type { TokenBody } from './token.js';

/** What Keystone revoked: every token that has all of these attributes and was issued by then. */
export type RevocationEvent = Readonly<Record<string, unknown>>;

/** Of a token, what revocations are about. */
export interface Revocable {
  readonly issuedAtMs: number;
  readonly auditIds: readonly string[];
  readonly userId: string;
  readonly projectId: string | null;
  readonly domainId: string | null;
}

/** Clocks of Keystone and this machine may differ so much; events are read again for so long. */
const OVERLAP_MS = 60_000;
/** When Keystone does not tell us, it is not asked again for so long. */
const REFUSED_MS = 600_000;

/** Asks Keystone every so often what was revoked (OS-REVOKE), so that remembered tokens do not outlive that by more. */
export class Revocations {
  private dueAtMs: number;
  private sinceMs: number;
  private looking: Promise<readonly RevocationEvent[]> | undefined;

  /** @param now the calendar, milliseconds of Unix time */
  constructor(
    private readonly session: Pick<KeystoneSession, 'request'>,
    private readonly intervalMs: number,
    private readonly clock: MachineClock,
    private readonly now: () => number,
  ) {
    this.dueAtMs = clock.monotonicMs() + intervalMs;
    this.sinceMs = now();
  }

  /** What is new, once an interval is over; one question for all who ask meanwhile. Never rejects. */
  async news(): Promise<readonly RevocationEvent[]> {
    if (this.clock.monotonicMs() < this.dueAtMs) return [];
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async look(): Promise<readonly RevocationEvent[]> {
    const begunMs = this.now();
    try {
      const answer = await this.session.request<{ events?: RevocationEvent[] }>({
        serviceType: 'identity',
        path: '/OS-REVOKE/events',
        query: { since: new Date(this.sinceMs - OVERLAP_MS).toISOString() },
      });
      this.dueAtMs = this.clock.monotonicMs() + this.intervalMs;
      this.sinceMs = begunMs;
      return answer.body.events ?? [];
    } catch (thrown) {
      const isAway = thrown instanceof FenixError && thrown.retryable;
      this.dueAtMs = this.clock.monotonicMs() + (isAway ? this.intervalMs : REFUSED_MS);
      return [];
    }
  }
}

export function revocableOf(token: TokenBody): Revocable {
  return {
    issuedAtMs: Date.parse(token.issued_at),
    auditIds: token.audit_ids ?? [],
    userId: token.user.id,
    projectId: token.project?.id ?? null,
    domainId: token.domain?.id ?? null,
  };
}

/** In doubt yes: a token that is forgotten without need is only asked about once more. */
export function isRevokedBy(token: Revocable, event: RevocationEvent): boolean {
  const before = Date.parse(String(event.issued_before));
  if (token.issuedAtMs > before) return false;
  const audited = [event.audit_id, event.audit_chain_id].filter((id) => id !== undefined && id !== null);
  if (!audited.every((id) => token.auditIds.includes(String(id)))) return false;
  return (
    isSame(event.user_id, token.userId) &&
    isSame(event.project_id, token.projectId) &&
    isSame(event.domain_id, token.domainId)
  );
}

function isSame(wanted: unknown, actual: string | null): boolean {
  return wanted === undefined || wanted === null || wanted === actual;
}
