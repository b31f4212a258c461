import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CloudEvent } from '../../src/cloudevents/index.ts';
import { decodeHttp, decodeNats, encodeHttp, encodeNats, stringifyEvent } from '../../src/cloudevents/index.ts';
import { afterBinary, arbitraryEvent } from './arbitrary-events.ts';
import { bytes } from './support.ts';

const RUNS = { numRuns: 1000 };
/** Node's comparison and not Vitest's, which trips over the own keys `__proto__` and `constructor` that data may have. */
const same = (actual: unknown, expected: unknown): void => deepStrictEqual(actual, expected);
const asBytes = (body: Uint8Array | string): Uint8Array => (typeof body === 'string' ? bytes(body) : body);
/** Header names as another implementation may write them. */
const shout = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));

describe('an event comes back as it was sent', () => {
  test('in structured mode over HTTP', () => {
    fc.assert(
      fc.property(arbitraryEvent, (event) => {
        const { headers, body } = encodeHttp(event, 'structured');
        const expected = { ok: true, events: [event], mode: 'structured' };
        same(decodeHttp({ headers, body }), expected);
        same(decodeHttp({ headers: new Headers(headers), body: asBytes(body) }), expected);
      }),
      RUNS,
    );
  });

  test('in a batch over HTTP', () => {
    fc.assert(
      fc.property(fc.array(arbitraryEvent, { maxLength: 5 }), (events) => {
        same(decodeHttp(encodeHttp(events, 'batch')), { ok: true, events, mode: 'batch' });
      }),
      RUNS,
    );
  });

  test('in binary mode over HTTP, extensions as text', () => {
    let binary = 0;
    fc.assert(
      fc.property(arbitraryEvent, (event) => {
        const { headers, body } = encodeHttp(event, 'binary');
        const decoded = decodeHttp({ headers: shout(headers), body: asBytes(body) });
        if (!decoded.ok) return expect.fail(JSON.stringify(decoded.problem));
        if (decoded.mode === 'binary') binary++;
        same(decoded.events, [decoded.mode === 'binary' ? afterBinary(event) : event]);
      }),
      RUNS,
    );
    // Without this the codec could pass by writing everything in structured mode.
    expect(binary).toBeGreaterThan(RUNS.numRuns / 2);
  });

  test('in structured and in binary mode over NATS', () => {
    fc.assert(
      fc.property(arbitraryEvent, (event) => {
        const structured = encodeNats(event, 'structured');
        same(decodeNats(structured), { ok: true, event, mode: 'structured' });
        same(decodeNats({ data: structured.data }), { ok: true, event, mode: 'structured' });
        const { headers, data } = encodeNats(event, 'binary');
        const decoded = decodeNats({
          headers: Object.entries(shout(headers)).map(([k, v]) => [k, [v]] as const),
          data: asBytes(data),
        });
        if (!decoded.ok) return expect.fail(JSON.stringify(decoded.problem));
        same(decoded.event, decoded.mode === 'binary' ? afterBinary(event) : event);
      }),
      RUNS,
    );
  });

  test('from binary mode into structured mode and back without another change', () => {
    fc.assert(
      fc.property(arbitraryEvent, (event) => {
        const once = decodeHttp(encodeHttp(event, 'binary'));
        if (!once.ok) return expect.fail(JSON.stringify(once.problem));
        const [first] = once.events;
        if (first === undefined) return expect.fail('no event');
        const again = decodeHttp(encodeHttp(first, 'structured'));
        same(again, { ok: true, events: [first], mode: 'structured' });
        same(decodeHttp(encodeHttp(first, 'binary')), once);
      }),
      RUNS,
    );
  });
});

describe('what is written', () => {
  test('is one line of JSON, whatever the event holds', () => {
    fc.assert(
      fc.property(arbitraryEvent, (event) => !/[\r\n]/.test(stringifyEvent(event))),
      RUNS,
    );
  });

  test('has headers of printable ASCII only, so that no value ends its header', () => {
    const hostile: CloudEvent = {
      specversion: '1.0',
      id: 'a\r\nce-admin: true',
      source: '/',
      type: 'é\u0000"%',
      x: 'a b',
    };
    fc.assert(
      fc.property(arbitraryEvent, (event) => {
        for (const value of Object.values(encodeHttp(event, 'binary').headers)) expect(value).toMatch(/^[\x20-\x7e]*$/);
      }),
      { ...RUNS, examples: [[hostile]] },
    );
    expect(encodeHttp(hostile, 'binary').headers).toMatchObject({
      'ce-id': 'a%0D%0Ace-admin:%20true',
      'ce-type': '%C3%A9%00%22%25',
      'ce-x': 'a%20b',
    });
  });

  test('is in structured mode where binary mode would change the event', () => {
    const base: CloudEvent = { specversion: '1.0', id: '1', source: '/', type: 't' };
    const wouldChange: Partial<CloudEvent>[] = [
      { datacontenttype: 'application/json', data_base64: 'e30=' },
      { datacontenttype: 'text/plain', data_base64: 'YQ==' },
      { datacontenttype: 'text/plain', data: '' },
      { datacontenttype: 'text/plain; charset=iso-8859-1', data: 'é' },
      { datacontenttype: 'application/octet-stream', data: 'text' },
      { datacontenttype: 'application/cloudevents+json', data: {} },
      { data_base64: '' },
    ];
    for (const members of wouldChange) {
      const message = encodeHttp({ ...base, ...members }, 'binary');
      expect(decodeHttp(message)).toStrictEqual({ ok: true, events: [{ ...base, ...members }], mode: 'structured' });
    }
  });
});
