import fc from 'fast-check';
import type { CloudEvent } from '../../src/cloudevents/index.ts';

// Events as anybody may send them: every type of attribute, names that JavaScript knows, any JSON, text and bytes.

/** Unicode text that CloudEvents allows as a String: percent signs, quotes, emoji, right-to-left, but no control. */
const attributeText = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 60 })
  .map((text) => text.replace(/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu, '%'));

/** The same as a name, which also has no bidi mark and no line separator. */
const nameText = attributeText.map((text) => text.replace(/[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '%'));

const id = fc.oneof(fc.uuid(), nameText);
const source = fc.oneof(
  fc.constantFrom('/a/b', 'shipyard-controller', 'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66', 'mailto:a@b.example'),
  fc.constantFrom('http://[2001:db8::7]:8080/x?y=%C3%A9#z', '//host:1', '1-555-123-4567', "it's(ok);,=+$!*", '#f'),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
);
const time = fc.constantFrom(
  '2026-11-21T08:00:00Z',
  '2024-02-29t23:59:60.123456789+05:30',
  '0001-01-01T00:00:00-00:00',
);
const integer = fc.integer({ min: -2_147_483_648, max: 2_147_483_647 });

const SPECIFIED = new Set([
  ...['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema', 'dataref'],
  ...['correlationid', 'causationid', 'data'],
]);
const extensionName = fc
  .oneof(
    fc.constantFrom('constructor', 'valueof', 'shkeptncontext', 'traceparent', 'tracestate', '0', '007', 'gitcommitid'),
    fc.stringMatching(/^[a-z0-9]{1,30}$/),
  )
  .filter((name) => !SPECIFIED.has(name));
const NAMING = ['shkeptncontext', 'triggeredid', 'gitcommitid'];
const extensionValue = fc.oneof(attributeText, fc.constant(''), fc.boolean(), integer);
const extensions = fc.dictionary(extensionName, extensionValue, { maxKeys: 5 }).map((values) => ({
  ...values,
  ...Object.fromEntries(NAMING.filter((name) => name in values).map((name) => [name, 'a-name'])),
}));

const base64 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64'));
// As it is once it has been JSON: `JSON.stringify` writes -0 as 0.
const jsonOf = (maxDepth: number) =>
  fc.jsonValue({ maxDepth }).map((value): unknown => JSON.parse(JSON.stringify(value)));
// It draws keys such as __proto__ rarely, and they are what goes wrong.
const json = fc.oneof(
  jsonOf(5),
  jsonOf(2).map((inner): unknown => JSON.parse(`{"__proto__":${JSON.stringify(inner)},"constructor":{"prototype":1}}`)),
);
const jsonType = fc.constantFrom(
  'application/json',
  'application/json; charset=utf-8',
  'application/ld+json',
  'text/json',
);
const anyType = fc.oneof(
  jsonType,
  fc.constantFrom('text/plain', 'application/xml; charset=us-ascii', 'image/svg+xml', 'text/html; charset=iso-8859-1'),
  fc.constantFrom(
    'application/octet-stream',
    'image/png',
    'application/cloudevents+json',
    'application/json;charset=utf-16',
  ),
);
const content = fc.oneof(
  fc.constant({}),
  fc.record({ datacontenttype: anyType }),
  fc.record({ data: json }),
  fc.record({ datacontenttype: jsonType, data: json }),
  fc.record({ datacontenttype: anyType, data: fc.string({ unit: 'binary', maxLength: 40 }) }),
  fc.record({ data_base64: base64 }),
  fc.record({ datacontenttype: anyType, data_base64: base64 }),
);

export const arbitraryEvent: fc.Arbitrary<CloudEvent> = fc
  .record({
    required: fc.record({ specversion: fc.constant('1.0' as const), id, source, type: nameText }),
    optional: fc.record(
      {
        subject: nameText,
        time,
        dataschema: fc.constant('https://example.com/schemas/a.json#/definitions/b'),
        dataref: source,
        correlationid: nameText,
        causationid: nameText,
      },
      { requiredKeys: [] },
    ),
    extensions,
    content,
  })
  .map((parts) => ({ ...parts.extensions, ...parts.required, ...parts.optional, ...parts.content }));

/**
 * The event as a receiver of binary mode has it: headers are text, so extensions are strings; and a JSON event without
 * a content type gets the one that was implied.
 */
export function afterBinary(event: CloudEvent): CloudEvent {
  const { data, data_base64, ...attributes } = event;
  const texts = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, String(value)]));
  const implied =
    data !== undefined && event.datacontenttype === undefined ? { datacontenttype: 'application/json' } : {};
  return { ...event, ...texts, ...implied, specversion: '1.0' };
}
