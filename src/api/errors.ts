import { type ErrorDetails, type ErrorKind, FenixError } from '../common/errors.js';

const KINDS: Readonly<Record<number, ErrorKind>> = {
  401: 'denied',
  403: 'denied',
  404: 'missing',
  409: 'conflict',
  429: 'overload',
  503: 'overload',
  509: 'overload',
};

/** A refusal with the HTTP status it is answered with; nothing was stored for the request (v1 §1.3). */
export class Refusal extends FenixError {
  constructor(
    readonly httpStatus: number,
    code: string,
    message: string,
    details: Pick<ErrorDetails, 'field' | 'retryAfterS' | 'cause'> = {},
  ) {
    super(KINDS[httpStatus] ?? 'input', code, message, details);
  }
}

/** 400: the request itself is ill-formed; `field` as in `hosts[2]`, null where no field is to blame. */
export function malformed(field: string | null, message: string): Refusal {
  return new Refusal(400, 'bad-request', message, field === null ? {} : { field });
}

/** 422: well-formed, but impossible. */
export function impossible(code: string, field: string, message: string): Refusal {
  return new Refusal(422, code, message, { field });
}

export function notFound(message: string): Refusal {
  return new Refusal(404, 'not-found', message);
}

export function forbidden(message: string): Refusal {
  return new Refusal(403, 'forbidden', message);
}
