import { HTTP, CloudEvent as PackageEvent } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CloudEvent } from '../../src/cloudevents/index.ts';
import { decodeHttp, encodeHttp } from '../../src/cloudevents/index.ts';
import { eventText, STRUCTURED } from './support.ts';

// Against the `cloudevents` package, which many services in JavaScript use. It has faults of its own; each that keeps
// an event from passing unchanged is named in a test below, so that its repair is noticed here.

/** What both sides agree about: ASCII attributes without a percent sign, JSON data that is an object, times in milliseconds of UTC. */
const plainText = fc.stringMatching(/^[A-Za-z0-9._:-]{1,30}$/);
const commonEvent: fc.Arbitrary<CloudEvent> = fc
  .record({
    id: plainText,
    source: fc.webUrl().filter((url) => !url.includes('%')),
    type: plainText,
    subject: plainText,
    time: fc
      .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    correlationid: fc.uuid(),
    datacontenttype: fc.constant('application/json'),
    data: fc.dictionary(
      plainText,
      fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.string())),
    ),
  })
  .map((members) => ({ specversion: '1.0', ...members }));

const asText = (body: unknown): string => (typeof body === 'string' ? body : expect.fail(`body is ${typeof body}`));
const asHeaders = (headers: object): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
/** The package's event as plain members; what it leaves undefined is not there. */
const plainOf = (event: unknown): unknown => JSON.parse(JSON.stringify(event));

describe('what the package writes, we read', () => {
  test.each(['binary', 'structured'] as const)('%s', (mode) => {
    fc.assert(
      fc.property(commonEvent, (event) => {
        const message = HTTP[mode](new PackageEvent(event));
        const decoded = decodeHttp({ headers: asHeaders(message.headers), body: asText(message.body) });
        const datacontenttype = mode === 'binary' ? asHeaders(message.headers)['content-type'] : event.datacontenttype;
        expect(decoded).toEqual({ ok: true, events: [{ ...event, datacontenttype }], mode });
      }),
    );
  });
});

describe('what we write, the package reads', () => {
  test.each(['binary', 'structured'] as const)('%s', (mode) => {
    fc.assert(
      fc.property(commonEvent, (event) => {
        expect(plainOf(HTTP.toEvent(encodeHttp(event, mode)))).toEqual(event);
      }),
    );
  });

  test('batch', () => {
    fc.assert(
      fc.property(fc.array(commonEvent, { minLength: 1, maxLength: 4 }), (events) => {
        expect(plainOf(HTTP.toEvent(encodeHttp(events, 'batch')))).toEqual(events);
      }),
    );
  });
});

describe('known faults of the package (10.0.0)', () => {
  const event: CloudEvent = { specversion: '1.0', id: '1', source: '/s', type: 't', time: '2026-11-21T08:00:00.000Z' };

  test('it writes header values without percent-encoding; we read them all the same', () => {
    const { headers, body } = HTTP.binary(new PackageEvent({ ...event, subject: '50% of "é €"' }));
    expect(asHeaders(headers)['ce-subject']).toBe('50% of "é €"');
    expect(decodeHttp({ headers: asHeaders(headers), body: String(body ?? '') })).toMatchObject({
      ok: true,
      events: [{ subject: '50% of "é €"' }],
    });
  });

  test('it does not undo percent-encoding either: who reads with it gets our encoded text', () => {
    const message = encodeHttp({ ...event, subject: 'a b' }, 'binary');
    expect(plainOf(HTTP.toEvent(message))).toMatchObject({ subject: 'a%20b' });
  });

  test('so it changes a percent sign in a URI, in both directions', () => {
    const source = 'https://example.com/a%20b';
    const written = HTTP.binary(new PackageEvent({ ...event, source }));
    expect(asHeaders(written.headers)['ce-source']).toBe(source);
    // Undone once, as the specification demands of every receiver, it is no URI any more.
    expect(decodeHttp({ headers: asHeaders(written.headers), body: '' })).toMatchObject({
      problem: { attribute: 'source' },
    });
    expect(plainOf(HTTP.toEvent(encodeHttp({ ...event, source }, 'binary')))).toMatchObject({
      source: 'https://example.com/a%2520b',
    });
    // Structured mode has no such trouble.
    expect(
      decodeHttp({ headers: STRUCTURED, body: asText(HTTP.structured(new PackageEvent({ ...event, source })).body) })
        .ok,
    ).toBe(true);
  });

  test('it reads specversion 2.0 without a word; we refuse it', () => {
    const body = eventText({ specversion: '2.0' });
    expect(plainOf(HTTP.toEvent({ headers: STRUCTURED, body }))).toMatchObject({ specversion: '2.0' });
    expect(decodeHttp({ headers: STRUCTURED, body })).toMatchObject({ problem: { code: 'unsupported-specversion' } });
  });

  test('it invents the id and the time that are missing; we refuse the one and leave out the other', () => {
    const body = eventText({ id: undefined });
    expect(plainOf(HTTP.toEvent({ headers: STRUCTURED, body }))).toMatchObject({
      id: expect.any(String),
      time: expect.any(String),
    });
    expect(decodeHttp({ headers: STRUCTURED, body })).toMatchObject({ problem: { code: 'missing-attribute' } });
    const decoded = decodeHttp({ headers: STRUCTURED, body: eventText() });
    expect(decoded.ok && decoded.events[0]).not.toHaveProperty('time');
  });

  test('it replaces a time that is none with the present; we refuse it', () => {
    const body = eventText({ time: 'tomorrow' });
    expect(plainOf(HTTP.toEvent({ headers: STRUCTURED, body }))).not.toMatchObject({ time: 'tomorrow' });
    expect(decodeHttp({ headers: STRUCTURED, body })).toMatchObject({
      problem: { code: 'invalid-attribute', attribute: 'time' },
    });
  });

  test('it reads data_base64 as 32-bit words; we keep the bytes', () => {
    const body = eventText({ data_base64: 'AQID', datacontenttype: 'image/png' });
    const read = HTTP.toEvent({ headers: STRUCTURED, body });
    expect(Reflect.get(read, 'data')).toBeInstanceOf(Uint32Array);
    expect(decodeHttp({ headers: STRUCTURED, body })).toMatchObject({ events: [{ data_base64: 'AQID' }] });
  });

  test('it takes the last of duplicate keys; we refuse them', () => {
    const body = `${eventText().slice(0, -1)},"id":"second"}`;
    expect(plainOf(HTTP.toEvent({ headers: STRUCTURED, body }))).toMatchObject({ id: 'second' });
    expect(decodeHttp({ headers: STRUCTURED, body })).toMatchObject({ problem: { code: 'duplicate-key' } });
  });

  test('it knows two spellings of a structured content type; we know them all', () => {
    const message = { headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' }, body: eventText() };
    expect(() => HTTP.toEvent(message)).toThrow('invalid content type');
    expect(decodeHttp(message).ok).toBe(true);
  });

  test('it reads a JSON number in binary mode as a string; we read a number', () => {
    const message = encodeHttp({ ...event, data: 15 }, 'binary');
    expect(plainOf(HTTP.toEvent(message))).toMatchObject({ data: '15' });
    expect(decodeHttp(message)).toMatchObject({ events: [{ data: 15 }] });
  });
});
