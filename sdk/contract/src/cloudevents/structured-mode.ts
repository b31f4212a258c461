import { checkEvent } from './envelope.ts';
import type { CloudEvent } from './event.ts';
import { jsonTextOf, notUtf8, parseJson } from './json-scan.ts';
import type { CodecLimits } from './limits.ts';
import { refuseCharset } from './media-type.ts';
import type { Refusal } from './problem.ts';
import { refuse } from './problem.ts';

/** What the sender says that the text is; `either` looks at its first character. */
export type JsonLayout = 'structured' | 'batch' | 'either';

export type DecodedJson = { ok: true; events: CloudEvent[]; mode: 'structured' | 'batch' } | Refusal;

/** One event or a batch in the JSON format. A batch is taken whole or not at all. */
export function decodeJson(
  body: Uint8Array | string,
  contentType: string | undefined,
  layout: JsonLayout,
  limits: CodecLimits,
): DecodedJson {
  const charset = refuseCharset(contentType);
  if (charset !== undefined) return charset;
  const json = jsonTextOf(body);
  if (json === undefined) return refuse('malformed-json', notUtf8(body));
  const first = firstCharacter(json.text);
  if (first === undefined) return refuse('empty-body', 'the body is empty: send a CloudEvent as JSON');
  const batch = layout === 'batch' || (layout === 'either' && first === '[');
  const parsed = parseJson(json, { batch, envelopeDepth: batch ? 2 : 1, keysBefore: 0 }, limits);
  if (!parsed.ok) return parsed;
  if (batch) return checkBatch(parsed.value, limits);
  const checked = checkEvent(parsed.value, limits);
  return checked.ok ? { ok: true, events: [checked.event], mode: 'structured' } : checked;
}

function checkBatch(value: unknown, limits: CodecLimits): DecodedJson {
  if (!Array.isArray(value)) {
    return refuse('not-an-event', 'a batch is a JSON array: send one event as application/cloudevents+json');
  }
  const events: CloudEvent[] = [];
  for (const [index, item] of value.entries()) {
    const checked = checkEvent(item, limits, index);
    if (!checked.ok) return checked;
    events.push(checked.event);
  }
  return { ok: true, events, mode: 'batch' };
}

/** Behind what JSON takes for space. */
function firstCharacter(text: string): string | undefined {
  let at = 0;
  while (at < text.length && SPACE.includes(text.charAt(at))) at++;
  return text[at];
}

const SPACE = ' \t\n\r';
