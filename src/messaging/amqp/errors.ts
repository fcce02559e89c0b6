import { FenixError, messageOf } from '../../common/errors.js';

/** The reply code by which the broker closed a channel or connection; undefined if it did not. */
export function replyCode(thrown: unknown): number | undefined {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code : undefined;
}

/** What the broker answered to an operation, in the words of the border. */
export function refusal(code: number, thrown: unknown): FenixError {
  const message = `RabbitMQ refuses: ${messageOf(thrown)}.`;
  const details = { status: code, cause: thrown };
  switch (code) {
    case 403:
      return new FenixError('denied', 'broker-denied', message, details);
    case 404:
      return new FenixError('missing', /no queue/.test(message) ? 'no-queue' : 'no-exchange', message, details);
    case 406:
      return new FenixError('terminal', 'precondition-failed', `${message} ${ADVICE}`, details);
    default:
      return new FenixError('terminal', 'broker-refused', message, details);
  }
}

const ADVICE = "Durability, queue type and message limits must follow the cloud's.";

/**
 * Whether a failed attempt to connect shows that settings are wrong: credentials, virtual host, certificates. Attempts go
 * on, as it may be the broker's side that is mended.
 */
export function isRefusedLogin(thrown: unknown): boolean {
  const code = String((thrown as { code?: unknown } | null)?.code);
  return (
    /ACCESS.REFUSED|SASL mechanism/.test(messageOf(thrown)) ||
    /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|broker-denied|config-invalid/.test(code)
  );
}
