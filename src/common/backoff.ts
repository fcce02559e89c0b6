/** Waits that grow by a factor up to a ceiling; both in milliseconds of machine time. */
export interface BackoffSettings {
  readonly firstMs: number;
  readonly factor: number;
  readonly ceilingMs: number;
}

/** The wait before attempt `attempt` (0 = first repeat). Deterministic; callers that fear herds add their own spread. */
export function backoffMs(settings: BackoffSettings, attempt: number): number {
  return Math.min(settings.ceilingMs, settings.firstMs * settings.factor ** attempt);
}
