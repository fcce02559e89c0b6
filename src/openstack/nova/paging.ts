import { FenixError } from '../../common/errors.js';
import type { Query } from '../../keystone-auth-middleware/index.js';
import type { ReadOptions, ServiceApi } from '../service-api.js';

/** Nova's own upper limit, unless the operator lowered it: then pages are smaller. */
const PAGE_SIZE = 1000;

interface Link {
  readonly rel: string;
}

export interface Listing<Item> {
  readonly path: string;
  readonly query: Query;
  /** Where the items stand in an answer; beside them `<key>_links` with rel `next` while there are more. */
  readonly key: string;
  /** What a page is continued by. */
  markerOf(item: Item): string;
}

/**
 * All items of a listing.
 * @throws FenixError `transient`, `listing-changed`, when the item that a page ended with was deleted meanwhile
 */
export async function listAll<Item>(
  nova: ServiceApi,
  { path, query, key, markerOf }: Listing<Item>,
  options: Omit<ReadOptions, 'query'>,
): Promise<Item[]> {
  const items: Item[] = [];
  for (let marker: string | undefined; ; ) {
    const paged = { ...options, query: { ...query, limit: PAGE_SIZE, marker } };
    const page = await nova.get<Record<string, unknown>>(path, paged).catch(lostMarker(marker));
    const found = page[key] as readonly Item[];
    const links = (page[`${key}_links`] ?? []) as readonly Link[];
    items.push(...found);
    const last = found.at(-1);
    if (last === undefined || !links.some(({ rel }) => rel === 'next')) return items;
    marker = markerOf(last);
  }
}

/** Nova refuses a marker that is gone (400), which is no fault of the question. */
function lostMarker(marker: string | undefined): (thrown: unknown) => never {
  return (thrown) => {
    if (marker === undefined || !(thrown instanceof FenixError) || thrown.kind !== 'input') throw thrown;
    const sentence = `The listing changed while it was read: ${thrown.message}`;
    throw new FenixError('transient', 'listing-changed', sentence, { cause: thrown });
  };
}
