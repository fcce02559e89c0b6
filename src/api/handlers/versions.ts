import type { Request, RequestHandler } from 'express';
import { NEWEST_MICROVERSION, OLDEST_MICROVERSION } from '../middleware/microversion.js';
import { openApiDocument } from '../openapi/document.js';

/** Version discovery as keystoneauth reads it; without a token. @param publicUrl as in the catalog, ending in `/v1` */
export function rootVersions(publicUrl?: string): RequestHandler {
  return (req, res) => {
    res.json({ versions: [version(req, publicUrl)] });
  };
}

export function v1Version(publicUrl?: string): RequestHandler {
  return (req, res) => {
    res.json({ version: version(req, publicUrl) });
  };
}

function version(req: Request, publicUrl: string | undefined): object {
  return {
    id: 'v1.0',
    status: 'CURRENT',
    links: [{ rel: 'self', href: publicUrl ?? asAddressed(req) }],
    min_version: OLDEST_MICROVERSION,
    max_version: NEWEST_MICROVERSION,
    // Its older name, which some clients read alone.
    version: NEWEST_MICROVERSION,
  };
}

/** The document that says all this API does. @param publicUrl as in the catalog, ending in `/v1` */
export function openApi(publicUrl?: string): RequestHandler {
  const document = openApiDocument('');
  return (req, res) => {
    res.json({ ...document, servers: [{ url: (publicUrl ?? asAddressed(req)).replace(/\/v1$/, '') }] });
  };
}

/** As the client addressed us; a relative link, which keystoneauth resolves, where it did not say how. */
function asAddressed(req: Request): string {
  const { host }: { host: string | undefined } = req;
  return host === undefined ? '/v1' : `${req.protocol}://${host}/v1`;
}
