import type { Response } from 'express';

/** An answer that a handler writes by itself, when its end is not known at its beginning. */
export class Streamed {
  /** @param send writes head and body; resolves when the answer ended or its client is gone, never rejects */
  constructor(readonly send: (res: Response) => Promise<void>) {}
}
