import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Milliseconds of Unix time. */
export interface Request {
  readonly from: number;
  readonly to: number;
}

/** Nova's log of requests: when one had been answered, by whom it was made, and the seconds that it took. */
const NOVA = /^(\S+ [\d:.]+) .*\[\S+ \S+ ([0-9a-f]{32}) .*\] [\d.]+ ".*" status: \d+ len: \d+ time: ([\d.]+)/;
/** As `wsgi` of the cloud's services has it logged: begin and duration in milliseconds, who asks. */
const WSGI = /^request (\d+) (\d+) (\S+)/;
/** Which Fenix's clients are, and of the services none. */
const NODE = /^(node|undici)/;

/**
 * What the cloud's services themselves logged of requests by Fenix: Nova of those by its user, Keystone, Placement and Aodh
 * of those by programs of its kind.
 */
export function requestsOf(logFolder: string, userId: string): Request[] {
  const nova = lines(logFolder, 'nova-api').flatMap((line) => {
    const [, at = '', user, seconds = ''] = NOVA.exec(line) ?? [];
    if (user !== userId) return [];
    const to = Date.parse(`${at.replace(' ', 'T')}Z`);
    return [{ from: to - Number(seconds) * 1000, to }];
  });
  const others = ['keystone', 'placement', 'aodh-api'].flatMap((name) => lines(logFolder, name));
  const wsgi = others.flatMap((line) => {
    const [, from = '', took = '', agent = ''] = WSGI.exec(line) ?? [];
    return NODE.test(agent) ? [{ from: Number(from), to: Number(from) + Number(took) }] : [];
  });
  return [...nova, ...wsgi];
}

function lines(folder: string, name: string): string[] {
  const file = join(folder, `${name}.log`);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
}
