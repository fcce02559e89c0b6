import type { Identity } from './token.js';

/** `{name}` and `*` stand for one segment, `**` for any number of them (Identity API, access rules). */
const PARTS = /\{[^}]*\}|\*\*|\*|[^{}*]+/g;

/**
 * Whether a token may be used for this request: always, unless it comes of an application credential with access rules.
 * @param path as it is routed, with the version at its beginning
 */
export function isWithinAccessRules(
  { accessRules }: Identity,
  serviceType: string,
  method: string,
  path: string,
): boolean {
  if (accessRules === null) return true;
  return accessRules.some((rule) => rule.service === serviceType && rule.method === method && matches(path, rule.path));
}

function matches(path: string, pattern: string): boolean {
  const parts = [...pattern.matchAll(PARTS)].map(([part]) => {
    if (part === '**') return '.*';
    return part === '*' || part.startsWith('{') ? '[^/]+' : part.replaceAll(/[.?+^$|()[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`).test(path);
}
