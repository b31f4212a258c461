import type { IncomingMessage } from 'node:http';
import { refused } from './problem.ts';

/** A repeat with the same key gets the first answer. */
export function idempotencyKeyOf(req: IncomingMessage): string | undefined {
  const key = req.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && key !== '' && key.length <= 256 && /^[\x20-\x7e]+$/.test(key)) return key;
  throw refused('invalid-parameter', 'Idempotency-Key has 1 to 256 printable ASCII characters');
}
