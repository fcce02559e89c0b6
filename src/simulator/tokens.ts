import { randomBytes } from 'node:crypto';
import { type Clock, plusSeconds } from '../common/clock.js';
import type { User } from './records.js';

export interface Token {
  readonly id: string;
  readonly auditId: string;
  readonly user: User;
  /** Whether it is bound to the user's project. */
  readonly scoped: boolean;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** Keystone's tokens. They live in the machine's time, as the clients that renew them do. */
export class Tokens {
  private readonly byId = new Map<string, Token>();

  /** @param lifetimeS machine seconds that a new token is good for */
  constructor(
    private readonly clock: Clock,
    private readonly lifetimeS: number,
  ) {}

  /** @param until ends no later than that, as what is made of another token */
  issue(user: User, scoped: boolean, until?: Date): Token {
    const issuedAt = this.clock.now();
    const token = {
      id: `gAAAAAB${randomBytes(120).toString('base64url')}`,
      auditId: randomBytes(16).toString('base64url'),
      user,
      scoped,
      issuedAt,
      expiresAt: until ?? plusSeconds(issuedAt, this.lifetimeS),
    };
    this.byId.set(token.id, token);
    return token;
  }

  /** The token, unless it is unknown, revoked or expired. */
  valid(id: string | undefined): Token | undefined {
    const token = this.byId.get(id ?? '');
    if (token === undefined || token.expiresAt.getTime() > this.clock.now().getTime()) return token;
    this.byId.delete(token.id);
    return undefined;
  }

  revoke(id: string): void {
    this.byId.delete(id);
  }
}
