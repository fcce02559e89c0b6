import { FenixError } from '../common/errors.js';
import { isVersion, isVersionCompatible } from '../messaging/version.js';

/**
 * The engine's methods with the version in which each came. A client asks for that version and no newer one, so that
 * an engine that has the method takes the request. What a method takes and returns never changes.
 */
export const ENGINE_METHODS = { wake: '1.0', ping: '1.0', wake_all: '1.1' } as const;

/** What an engine of this code serves: the newest of the above. */
export const ENGINE_API_VERSION = '1.1';

/** What the engines of our releases serve, by the names that `[upgrade_levels] engine` takes besides numbers. */
export const RELEASES: Readonly<Record<string, string>> = { 'release-0.1': '1.0' };

/**
 * The version that requests to engines are capped to, as `[upgrade_levels] engine` says; undefined for none ('').
 * @throws FenixError `config-invalid` for what is neither a version nor a release, or newer than this code knows
 */
export function engineVersionCap(level: string): string | undefined {
  if (level === '') return undefined;
  const version = Object.hasOwn(RELEASES, level) ? RELEASES[level] : level;
  if (isVersion(version) && isVersionCompatible(ENGINE_API_VERSION, version)) return version;
  const releases = Object.keys(RELEASES).join(', ');
  const message =
    `Option engine in section [upgrade_levels] must be a version up to ${ENGINE_API_VERSION}, or one of ${releases}, ` +
    `not "${level}".`;
  throw new FenixError('input', 'config-invalid', message);
}
