import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeHttp, decodeNats, eventProblemStatus, stringifyEvent } from '../../src/cloudevents/index.ts';
import { arbitraryEvent } from './arbitrary-events.ts';
import { BATCH, binaryHeaders, eventText, STRUCTURED } from './support.ts';

const headerName = fc.oneof(
  fc.constantFrom(
    'ce-id',
    'CE-Type',
    'ce-source',
    'ce-specversion',
    'content-type',
    'Content-Type',
    'ce-data',
    'ce-',
    'ce-__proto__',
  ),
  fc.string().map((name) => `ce-${name}`),
  fc.string(),
);
const headerValue = fc.oneof(
  fc.constantFrom(
    '1.0',
    'application/json',
    'application/cloudevents+json',
    'text/plain',
    '%',
    '%C3%28',
    '"',
    '"\\',
    '\ud800',
  ),
  fc.constantFrom('application/cloudevents-batch+json;charset=', 'a/b;charset="', ';;;=;', 'application/cloudevents'),
  fc.string({ unit: 'binary' }),
);
const headers = fc.oneof(
  fc.constant(STRUCTURED),
  fc.constant(BATCH),
  fc.dictionary(headerName, fc.oneof(headerValue, fc.array(headerValue, { maxLength: 3 }), fc.constant(undefined))),
  fc.array(fc.tuple(headerName, headerValue), { maxLength: 8 }),
  fc.dictionary(headerName, headerValue).map((more) => ({ ...binaryHeaders(), ...more })),
);
/** Events with characters of their text replaced: much closer to being accepted than random text is. */
const nearlyAnEvent = fc
  .tuple(arbitraryEvent, fc.array(fc.tuple(fc.nat(), fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 3 }))
  .map(([event, edits]) =>
    edits.reduce((text, [place, insert]) => {
      const at = place % text.length;
      return text.slice(0, at) + insert + text.slice(at + 1);
    }, stringifyEvent(event)),
  );
const body = fc.oneof(
  fc.uint8Array(),
  fc.string({ unit: 'binary' }),
  fc.json(),
  nearlyAnEvent,
  nearlyAnEvent.map((text) => `[${text}]`),
  nearlyAnEvent.map((text) => new TextEncoder().encode(text)),
);

describe('whatever arrives', () => {
  test('is answered with events or with a known problem, and nothing is thrown', () => {
    let accepted = 0;
    fc.assert(
      fc.property(headers, body, (source, data) => {
        for (const decoded of [decodeHttp({ headers: source, body: data }), decodeNats({ headers: source, data })]) {
          if (decoded.ok) accepted++;
          else {
            expect(eventProblemStatus[decoded.problem.code]).toBe(decoded.problem.status);
            expect(decoded.problem.detail).toMatch(/^[\x20-\x7e]{10,1000}$/);
          }
        }
      }),
      { numRuns: 5000 },
    );
    // A generator that only makes rubbish would show nothing about the paths behind the first check.
    expect(accepted).toBeGreaterThan(200);
    expect(Reflect.get({}, 'admin')).toBeUndefined();
  });

  test('and is accepted, reads the same once more', () => {
    fc.assert(
      fc.property(headers, body, (source, data) => {
        const decoded = decodeNats({ headers: source, data });
        if (decoded.ok) expect(decodeNats({ data: stringifyEvent(decoded.event) }).ok).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the cost grows with the size and no faster', () => {
  // The bound is a thousand times what is needed, and a fraction of what anything quadratic would take.
  const megabyte = 1_000_000;
  const quote = '"';
  test.each([
    ['one long string', eventText({ data: 'x'.repeat(megabyte) })],
    ['one string of escapes', eventText({ data: '\\"'.repeat(megabyte / 4) })],
    ['a string that never ends', `{"a":"${'\\'.repeat(megabyte)}`],
    ['quotes only', quote.repeat(megabyte)],
    ['spaces only', ' '.repeat(megabyte)],
    ['line breaks and then a fault', `${'\n'.repeat(megabyte)}x`],
    ['10,000 keys', eventText({ data: Object.fromEntries(Array.from({ length: 9_990 }, (_, i) => [`k${i}`, i])) })],
    [
      '10,000 keys and one of them twice',
      eventText({ data: 'HERE' }).replace(
        '"HERE"',
        `{${Array.from({ length: 9_000 }, (_, i) => `"k${i}":0`).join()},"k8999":1}`,
      ),
    ],
    ['a long number', eventText({ data: 'HERE' }).replace('"HERE"', '1'.repeat(megabyte))],
    ['a long source', eventText({ source: `http://${'a:'.repeat(megabyte / 2)}` })],
    ['a long data_base64', eventText({ data_base64: 'A'.repeat(megabyte) })],
    ['a long data_base64 with a fault at its end', eventText({ data_base64: `${'A'.repeat(megabyte - 1)}%` })],
    ['many items', eventText({ data: Array.from({ length: megabyte / 4 }, () => 1) })],
  ])('%s', (_name, text) => {
    const start = performance.now();
    decodeHttp({ headers: STRUCTURED, body: text });
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});
