import type { RuleName } from '../policies/index.js';
import type { LimitKind } from '../rate-limits.js';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** A method on a path: what is the same for routing, rights and documentation. */
export interface Operation {
  readonly method: Method;
  /** Below `/v1`, parameters as in `{session_id}`. */
  readonly path: string;
  /** Who may: a rule of the policy. */
  readonly rule: RuleName;
  /** Counted against this limit of the project. */
  readonly limit?: LimitKind;
  /** One sentence for people. */
  readonly about: string;
}
