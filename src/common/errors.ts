/**
 * How an error bears on what happens next. Errors are classified where they enter Fenix (HTTP client, database,
 * plug-in) and never again by their text.
 *
 * - `input`      the caller must change the request
 * - `missing`    the subject does not exist (any more)
 * - `denied`     credentials or rights do not suffice
 * - `conflict`   the world has changed: read again, decide again
 * - `transient`  trying the same again may help
 * - `overload`   trying again after `retryAfterS` may help
 * - `terminal`   trying again cannot help
 */
export const ERROR_KINDS = ['input', 'missing', 'denied', 'conflict', 'transient', 'overload', 'terminal'] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];

export interface ErrorDetails {
  readonly cause?: unknown;
  /** Path of the offending field, e.g. `hosts[2]`. */
  readonly field?: string;
  /** Seconds after which the same request may succeed. */
  readonly retryAfterS?: number;
  /** HTTP status that an outside service answered, where there was one. */
  readonly status?: number;
  /** That service's own code of what it refused, e.g. Placement's `placement.concurrent_update`, where it has such. */
  readonly serviceCode?: string;
  /** The id that it gave that request (x-openstack-request-id): what its own log knows it by. */
  readonly requestId?: string;
  /**
   * The request may have been carried out although no answer came (time-out, connection lost after sending): ask the
   * world before doing it again (L3).
   */
  readonly inDoubt?: boolean;
}

/** An error with a stable code, a sentence for people and a kind that says whether trying again can help. */
export class FenixError extends Error {
  override readonly name = 'FenixError';
  readonly field: string | undefined;
  readonly retryAfterS: number | undefined;
  readonly status: number | undefined;
  readonly serviceCode: string | undefined;
  readonly requestId: string | undefined;
  readonly inDoubt: boolean;

  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.field = details.field;
    this.retryAfterS = details.retryAfterS;
    this.status = details.status;
    this.serviceCode = details.serviceCode;
    this.requestId = details.requestId;
    this.inDoubt = details.inDoubt ?? false;
  }

  /** Whether the same request, unchanged, may succeed later. */
  get retryable(): boolean {
    return this.kind === 'transient' || this.kind === 'overload';
  }
}

/** Thrown by waits that were ended from outside (shutdown, lost lease): never a failure of what was waited for. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  constructor(why = 'stopped') {
    super(why);
  }
}

/** The sentence of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
