import { createHmac } from 'node:crypto';

const KEY_BYTES = 12;

/**
 * What tells a client which of its limits share a quota (`pk`), without telling it, or who listens, the subject: 12 bytes
 * of HMAC-SHA-256 under a secret of the service. The same subject gives the same key as long as the secret stays.
 */
export function partitionKeyOf(subject: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(subject).digest().subarray(0, KEY_BYTES);
}
