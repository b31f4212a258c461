/**
 * One CloudEvent 1.0.2, flat as in the JSON format: attributes and extensions stand beside `data`, and the value
 * that `JSON.parse` gives for a structured event is the value the rest of Slipway works with. Nothing is renamed,
 * converted or filled in: `time` stays the text that was sent, an extension keeps the type that it came with.
 *
 * Extensions are strings, booleans or 32-bit integers (`unknown` here, because an index signature must also cover
 * `data`). In binary mode everything is a header, so there an extension always arrives as a string.
 *
 * `data` and `data_base64` exclude each other. `data` is a JSON value when `datacontenttype` is JSON or absent, and a
 * string for every other type; bytes that are not text are in `data_base64`.
 */
export interface CloudEvent<T = unknown> {
  specversion: '1.0';
  id: string;
  source: string;
  type: string;
  /** In Slipway: the run that this event belongs to. */
  subject?: string;
  /** RFC 3339, exactly as it was sent. */
  time?: string;
  datacontenttype?: string;
  dataschema?: string;
  /** Where the data is, when it was too large to travel (claim check). */
  dataref?: string;
  /** The context: shared by everything that follows from one trigger. */
  correlationid?: string;
  /** The id of the event that this one answers. */
  causationid?: string;
  traceparent?: string;
  tracestate?: string;
  data?: T;
  data_base64?: string;
  [extension: string]: unknown;
}

/** How an event is laid out in a message: attributes in headers, one JSON text, or a JSON array of those. */
export type ContentMode = 'binary' | 'structured' | 'batch';

/** The event in the JSON format, always on one line: JSON escapes the line breaks inside strings. */
export function stringifyEvent(event: CloudEvent): string {
  return JSON.stringify(event);
}
