import type { ParsedJson } from './json-scan.ts';
import { jsonTextOf, notUtf8, parseJson } from './json-scan.ts';
import { defaultCodecLimits } from './limits.ts';
import { refuseCharset } from './media-type.ts';
import { refuse } from './problem.ts';

/**
 * Reads a JSON body that is not an event with the care that events get: UTF-8, bounded nesting and keys, no key twice,
 * and faults that name line and column. Never throws.
 */
export function readJsonBody(body: Uint8Array, contentType?: string): ParsedJson {
  const charset = refuseCharset(contentType);
  if (charset !== undefined) return charset;
  if (body.length === 0) return refuse('empty-body', 'the body is empty: send JSON');
  const json = jsonTextOf(body);
  if (json === undefined) return refuse('malformed-json', notUtf8(body));
  return parseJson(json, { batch: false, envelopeDepth: 0, keysBefore: 0 }, defaultCodecLimits);
}
