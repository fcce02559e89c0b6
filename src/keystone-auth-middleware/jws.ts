import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import jwt from 'jsonwebtoken';
import { MachineClock } from '../common/clock.js';
import { FenixError } from '../common/errors.js';

/** What the signature alone says; `unknown` where it says nothing (other token formats). */
export type JwsVerdict = 'forged' | 'expired' | 'genuine' | 'unknown';

/** Clocks of Keystone and this machine may differ so much before a token is called expired, seconds. */
const TOLERANCE_S = 10;
/** Keys are read anew for an unknown signature, but not more often than this: forgers must not wear out the disk. */
const RELOAD_MS = 10_000;

/**
 * Local check of Keystone's JWS tokens (alg ES256) by the public keys in a directory (`jws_public_keys_dir`, PEM files):
 * refuses what Keystone would refuse, never vouches for a token, whose roles and revocation only Keystone knows.
 */
export class JwsCheck {
  private keys: readonly string[] = [];
  private readAtMs = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;

  /** @param now the calendar, milliseconds of Unix time */
  constructor(
    private readonly directory: string,
    private readonly clock: MachineClock,
    private readonly now: () => number,
  ) {}

  /** @throws when the keys cannot be read */
  async check(token: string): Promise<JwsVerdict> {
    if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return 'unknown';
    const verdict = this.verify(token);
    // Keystone's keys rotate: one that we do not know yet may have signed it.
    if (verdict !== 'forged' || !(await this.refreshed())) return verdict;
    return this.verify(token);
  }

  private verify(token: string): JwsVerdict {
    const options = {
      algorithms: ['ES256' as const],
      clockTimestamp: Math.floor(this.now() / 1000),
      clockTolerance: TOLERANCE_S,
    };
    for (const key of this.keys) {
      try {
        jwt.verify(token, key, options);
        return 'genuine';
      } catch (thrown) {
        // The signature is checked first: expired means that it was right.
        if (thrown instanceof jwt.TokenExpiredError) return 'expired';
      }
    }
    return 'forged';
  }

  /** Whether the keys were read since the call; whoever comes while they are being read waits for that. */
  private async refreshed(): Promise<boolean> {
    if (this.reading === undefined && this.clock.monotonicMs() - this.readAtMs < RELOAD_MS) return false;
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    await this.reading;
    return true;
  }

  private async read(): Promise<void> {
    const names = (await readdir(this.directory)).filter((name) => name.endsWith('.pem'));
    // A wrong directory must not make every token look forged.
    if (names.length === 0) throw new FenixError('terminal', 'no-jws-keys', `No *.pem file in ${this.directory}`);
    this.keys = await Promise.all(names.map((name) => readFile(join(this.directory, name), 'utf8')));
    this.readAtMs = this.clock.monotonicMs();
  }
}
