import { readFileSync } from 'node:fs';
import type { Reply } from './http-double.js';

/** An exchange recorded at a real OpenStack (Zed), trimmed: test/fixtures/openstack. */
export interface Sample {
  readonly request: { readonly method: string; readonly url: string };
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

export function sample(name: string): Sample {
  return recording<Sample>(name);
}

/** Anything else that was recorded there, as it is in the file. */
export function recording<T>(name: string): T {
  // From dist/test/support: static files are not copied there.
  const file = new URL(`../../../test/fixtures/openstack/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The recorded answer, to be given again. */
export function replay(name: string): Reply {
  const { status, headers, body } = sample(name);
  return { status, headers, body };
}
