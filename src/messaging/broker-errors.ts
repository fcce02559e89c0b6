import { FenixError } from '../common/errors.js';
import type { OutgoingMessage } from './broker.js';

/** This client was closed. */
export function brokerClosed(): FenixError {
  return new FenixError('transient', 'broker-closed', 'The connection to the broker was closed.');
}

/** No queue takes the message. */
export function unroutable({ exchange, routingKey }: OutgoingMessage): FenixError {
  const message = `No queue takes '${routingKey}' of exchange '${exchange}'.`;
  return new FenixError('transient', 'unroutable', message, { status: 312 });
}

/** The message has left, and may have been taken. */
export function unconfirmed(why: string): FenixError {
  const message = `The broker did not confirm the message: ${why}.`;
  return new FenixError('transient', 'unconfirmed', message, { inDoubt: true });
}

/** The message has not left and never will. */
export function unsent(why: string): FenixError {
  return new FenixError('transient', 'unsent', `The message did not leave: ${why}.`);
}

export function settledBefore(): FenixError {
  return new FenixError('terminal', 'precondition-failed', 'This delivery was settled before.');
}
