/**
 * Headers as Node (`IncomingMessage.headers`), fetch (`Headers`), a `Map` or NATS (`MsgHdrs`) hold them. Names match in
 * any case.
 */
export type HeaderSource =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string | readonly string[]]>;

/** The attributes whose header makes a message an event in binary mode. One is enough, so that a forgotten one is named. */
const TELLING = ['ce-specversion', 'ce-id', 'ce-type', 'ce-source'];

export interface EventHeaders {
  contentType: string | undefined;
  /** Attribute name, as after `ce-` in lower case, and each value that the header came with. */
  attributes: Map<string, string[]>;
  /** True when the headers say that they are an event's attributes. */
  binary: boolean;
}

/** The content type alone, which is all that structured mode needs; without a look at the others where possible. */
export function contentTypeOf(headers: HeaderSource): string | undefined {
  if (!isIterable(headers)) {
    const value = headers['content-type'];
    if (typeof value === 'string') return value;
  }
  for (const [name, value] of pairsOf(headers)) {
    if (name.toLowerCase() === 'content-type') return typeof value === 'string' ? value : value?.[0];
  }
  return undefined;
}

/** Everything in the headers that concerns the codec. */
export function readHeaders(headers: HeaderSource): EventHeaders {
  const attributes = new Map<string, string[]>();
  let binary = false;
  for (const [name, value] of pairsOf(headers)) {
    const lower = name.toLowerCase();
    if (!lower.startsWith('ce-') || value === undefined) continue;
    const attribute = lower.slice(3);
    const values = attributes.get(attribute) ?? [];
    values.push(...(typeof value === 'string' ? [value] : value));
    if (values.length > 0) attributes.set(attribute, values);
    binary ||= TELLING.includes(lower);
  }
  return { contentType: contentTypeOf(headers), attributes, binary };
}

type Pair = readonly [string, string | readonly string[] | undefined];

function pairsOf(headers: HeaderSource): Iterable<Pair> {
  return isIterable(headers) ? headers : Object.entries(headers);
}

function isIterable(headers: HeaderSource): headers is Iterable<readonly [string, string | readonly string[]]> {
  return Symbol.iterator in headers;
}
