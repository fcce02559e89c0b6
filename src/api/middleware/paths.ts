import type { RequestHandler } from 'express';

/** Nothing to be done: it begins with one slash, has no two together, and none at its end or before its query. */
const TIDY = /^(?:\/[^/?]+)+(?:\?|$)/;

/**
 * Existing clients join paths carelessly: repeated slashes anywhere and one at the end mean nothing (v1 §1.3 a, b).
 * A request target with scheme and host (RFC 9112, 3.2.2) is cut to its path.
 */
export const tidyPath: RequestHandler = (req, _res, next) => {
  if (TIDY.test(req.url)) return next();
  const [path = '', query] = req.url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '').split(/\?(.*)/s, 2);
  const tidied = `/${path}`.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
  req.url = query === undefined ? tidied : `${tidied}?${query}`;
  next();
};
