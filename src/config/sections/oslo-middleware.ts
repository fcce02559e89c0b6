import { flag, integer, list, text } from '../options.js';

/** Names as oslo.middleware has them. */
export const oslo_middleware = {
  doc: 'Requests to the API, as oslo.middleware names the options.',
  options: {
    enable_proxy_headers_parsing: flag(
      false,
      'Believe the X-Forwarded-For, -Proto and -Host that the proxy in front of the API wrote: only with a proxy that ' +
        'writes them itself. Of several addresses the last one counts.',
    ),
    max_request_body_size: integer(1024 * 1024, 'Bytes that the body of a request may have.', { min: 1024 }),
  },
  retired: [],
} as const;

export const cors = {
  doc: 'Browsers on pages of other origins, as oslo.middleware names the options.',
  options: {
    allowed_origin: list([], 'Origins whose pages may call the API, with scheme; * = any. Empty: none.'),
    allow_credentials: flag(false, 'Whether they may send cookies; tokens need none.'),
    expose_headers: list(
      ['X-OpenStack-Request-ID', 'OpenStack-API-Version', 'ETag', 'Retry-After', 'WWW-Authenticate'],
      'Headers of answers that they may read.',
    ),
    max_age: integer(3600, 'Seconds that a browser remembers all this.'),
    allow_methods: list(['GET', 'PUT', 'POST', 'DELETE'], 'Methods that they may use.'),
    allow_headers: list(
      [
        'X-Auth-Token',
        'Content-Type',
        'OpenStack-API-Version',
        'X-OpenStack-Request-ID',
        'If-None-Match',
        'Idempotency-Key',
        'Last-Event-ID',
      ],
      'Headers of requests that they may set.',
    ),
  },
  retired: [],
} as const;

export const healthcheck = {
  doc: 'GET /healthcheck, as oslo.middleware names the options.',
  options: {
    detailed: flag(false, 'Tell everybody which engines there are; else only this machine and admins.'),
    disable_by_file_path: text('', 'While this file is there the answer is 503: so a load balancer stops asking us.'),
  },
  retired: ['path', 'backends', 'allowed_source_ranges', 'ignore_proxied_requests', 'disable_by_file_paths'],
} as const;

/** As oslo.service has them. */
export const ssl = {
  doc: 'TLS of the API itself, as oslo.service names the options. Not needed behind a proxy that ends it.',
  options: {
    cert_file: text('', 'Certificate of the API, with those that lead to its authority. Empty: plain HTTP.'),
    key_file: text('', 'Its key.'),
    ca_file: text(
      '',
      'Certificates of authorities, one of which must have signed that of every client. Empty: any client.',
    ),
  },
  retired: ['version', 'ciphers'],
} as const;
