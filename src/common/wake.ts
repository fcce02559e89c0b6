/** A flag that one loop waits for and many parties raise; raised while nobody waits it is not lost. */
export class Wake {
  private raised = false;
  private waiting: (() => void) | undefined;

  raise(): void {
    this.raised = true;
    this.waiting?.();
  }

  /** Resolves when raised (at once if it was since the last wait) or when `signal` aborts. Lowers the flag. */
  async wait(signal: AbortSignal): Promise<void> {
    if (!this.raised && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.waiting = done;
        signal.addEventListener('abort', done, { once: true });
      });
    }
    this.waiting = undefined;
    this.raised = false;
  }
}
