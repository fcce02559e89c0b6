import { marked, Tail } from '../../common/tail.js';
import type { HostChange } from '../contract.js';
import { withFacts } from './facts.js';

/** Characters of a run's output that are kept: the last ones, since programs say at the end what went wrong. */
const KEPT = 16 * 1024;
/** Characters of it that one piece has, of those that are told while it runs. */
const PIECE = 4 * 1024;
/** Characters of it that are shown beside the run's state. */
const SHOWN = 2 * 1024;

export type Facts = Readonly<Record<string, unknown>>;

/** What one run of a plug-in said and found out, while it runs. */
export class PluginRecord {
  private readonly tail = new Tail(KEPT);
  private found: Facts = {};
  private told = 0;
  private toldFacts: Facts = this.found;
  readonly changes: HostChange[] = [];

  /** @param onNews there is something that {@link news} would tell */
  constructor(private readonly onNews: () => void = () => undefined) {}

  readonly output = (text: string): void => {
    this.tail.add(String(text));
    this.onNews();
  };

  readonly record = (facts: Facts): void => {
    this.found = withFacts(this.found, facts);
    this.onNews();
  };

  readonly changed = (change: HostChange): void => {
    this.changes.push(change);
  };

  /** Only what there is: most plug-ins say nothing. */
  get kept(): { readonly output?: string; readonly facts?: Facts } {
    return this.some(marked(this.tail.after(0)), this.found);
  }

  /** The end of it, for the run's row. */
  get shown(): { readonly output: string | null; readonly facts: Facts | null } {
    const { output = null, facts = null } = this.some(marked(this.tail.after(0, SHOWN)), this.found);
    return { output, facts };
  }

  /** What was said since this was asked last; undefined when nothing was. */
  news(): { readonly output?: string; readonly facts?: Facts } | undefined {
    const facts = this.found === this.toldFacts ? {} : this.found;
    const news = this.some(marked(this.tail.after(this.told, PIECE)), facts);
    this.told = this.tail.length;
    this.toldFacts = this.found;
    return news.output === undefined && news.facts === undefined ? undefined : news;
  }

  private some(output: string, facts: Facts): { readonly output?: string; readonly facts?: Facts } {
    return { ...(output !== '' && { output }), ...(Object.keys(facts).length > 0 && { facts }) };
  }
}
