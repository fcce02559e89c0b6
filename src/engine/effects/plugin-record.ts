import type { HostChange } from '../../workflow/contract.js';

/** Characters of a run's output that are kept: the last ones, since programs say at the end what went wrong. */
const KEPT = 16 * 1024;

/** What one run of a plug-in said and found out, while it runs. */
export class PluginRecord {
  private text = '';
  private dropped = 0;
  private found: Record<string, unknown> = {};
  readonly changes: HostChange[] = [];

  readonly output = (text: string): void => {
    const all = this.text + text;
    this.dropped += Math.max(0, all.length - KEPT);
    this.text = all.slice(-KEPT);
  };

  readonly record = (facts: Readonly<Record<string, unknown>>): void => {
    this.found = { ...this.found, ...facts };
  };

  readonly changed = (change: HostChange): void => {
    this.changes.push(change);
  };

  /** Only what there is: most plug-ins say nothing. */
  get kept(): { readonly output?: string; readonly facts?: Readonly<Record<string, unknown>> } {
    const mark = this.dropped > 0 ? `[${this.dropped} characters before this are not kept]\n` : '';
    return {
      ...(this.text !== '' && { output: mark + this.text }),
      ...(Object.keys(this.found).length > 0 && { facts: this.found }),
    };
  }
}
