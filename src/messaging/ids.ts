import { randomUUID } from 'node:crypto';

/** 32 hexadecimal digits, as oslo.messaging names messages and queues (`uuid4().hex`). */
export function newHexId(): string {
  return randomUUID().replaceAll('-', '');
}
