import { FenixError } from '../common/errors.js';

/** A reply_url must fit into 255 characters, of which session, project and instance take 151 (v1 §3.6). */
const LONGEST = 104;

/** What a public URL must be, as the end of "must be …"; undefined if `url` is that. */
export function publicUrlProblem(url: string): string | undefined {
  if (!URL.canParse(url) || !/^https?:\/\/[^?#]+\/v1$/.test(url)) return 'an http or https URL that ends in /v1';
  return url.length > LONGEST ? `at most ${LONGEST} characters long (reply_url must fit into 255)` : undefined;
}

/**
 * The public URL as it goes into notices: `candidate` (from the config or the catalog) without trailing slash.
 * @throws FenixError of kind `input`, code `public-url`
 */
export function checkedPublicUrl(candidate: string): string {
  const url = candidate.replace(/\/+$/, '');
  const problem = publicUrlProblem(url);
  if (problem !== undefined) throw new FenixError('input', 'public-url', `Public URL ${url} must be ${problem}.`);
  return url;
}

/** The URL that stands in for a missing public URL (v1 §7); an IPv6 address comes in brackets. */
export function bindUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/v1`;
}
