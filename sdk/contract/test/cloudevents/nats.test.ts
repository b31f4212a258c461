import { describe, expect, test } from 'vitest';
import { decodeNats, encodeNats } from '../../src/cloudevents/index.ts';
import { binaryHeaders, bytes, eventText, eventWith } from './support.ts';

const accepted = (mode: string, members: Record<string, unknown> = {}) => ({
  ok: true,
  event: eventWith(members),
  mode,
});
/** As the NATS client's `MsgHdrs` iterates: each name with all its values. */
const msgHeaders = (headers: Record<string, string | undefined>): [string, string[]][] =>
  Object.entries(headers).flatMap(([name, value]): [string, string[]][] =>
    value === undefined ? [] : [[name, [value]]],
  );

describe('structured mode', () => {
  test('is what a message without headers is in, as Keptn writes them', () => {
    const keptn = {
      ...{
        type: 'sh.keptn.event.dev.build.triggered',
        source: 'shipyard-controller',
        shkeptncontext: 'c',
        triggeredid: 't',
      },
      ...{
        shkeptnspecversion: '0.2.4',
        gitcommitid: 'c0ffee',
        datacontenttype: 'application/json',
        data: { project: 'p' },
      },
    };
    expect(decodeNats({ data: bytes(eventText(keptn)) })).toStrictEqual(accepted('structured', keptn));
    expect(decodeNats({ headers: [], data: eventText(keptn) })).toStrictEqual(accepted('structured', keptn));
  });

  test.each(['application/cloudevents+json', 'Application/CloudEvents+Json; charset=UTF-8', 'application/json'])(
    'is told by content type %s',
    (type) => {
      expect(decodeNats({ headers: [['Content-Type', [type]]], data: eventText() })).toStrictEqual(
        accepted('structured'),
      );
    },
  );

  test('goes before ce- headers when the content type says so', () => {
    const headers = msgHeaders({
      ...binaryHeaders({ 'ce-id': 'header' }),
      'content-type': 'application/cloudevents+json',
    });
    expect(decodeNats({ headers, data: eventText() })).toStrictEqual(accepted('structured'));
  });
});

describe('binary mode', () => {
  test('has datacontenttype in a ce- header', () => {
    const headers = msgHeaders({ ...binaryHeaders({ 'Ce-DataContentType': 'application/json' }), 'Nats-Msg-Id': 'x' });
    const expected = accepted('binary', { datacontenttype: 'application/json', data: { a: 1 } });
    expect(decodeNats({ headers, data: bytes('{"a":1}') })).toStrictEqual(expected);
  });

  test('takes content-type for it too, and prefers the ce- header', () => {
    const one = msgHeaders(binaryHeaders({ 'content-type': 'text/plain' }));
    expect(decodeNats({ headers: one, data: 'x' })).toMatchObject({
      event: { datacontenttype: 'text/plain', data: 'x' },
    });
    const both = msgHeaders(binaryHeaders({ 'content-type': 'text/html', 'ce-datacontenttype': 'text/plain' }));
    expect(decodeNats({ headers: both, data: 'x' })).toMatchObject({ event: { datacontenttype: 'text/plain' } });
  });

  test('is written with datacontenttype in a ce- header and no content type', () => {
    const decoded = decodeNats({ data: eventText({ subject: 'ü', n: 7, data: { a: 1 } }) });
    if (!decoded.ok) return expect.fail(decoded.problem.detail);
    expect(encodeNats(decoded.event, 'binary')).toEqual({
      headers: {
        ...binaryHeaders(),
        'ce-subject': '%C3%BC',
        'ce-n': '7',
        'ce-datacontenttype': 'application/json',
      },
      data: '{"a":1}',
    });
  });

  test('percent-encodes the content type too, which is a ce- header like any other', () => {
    const decoded = decodeNats({ data: eventText({ datacontenttype: 'text/plain; charset=utf-8', data: 'x' }) });
    if (!decoded.ok) return expect.fail(decoded.problem.detail);
    const message = encodeNats(decoded.event, 'binary');
    expect(message.headers['ce-datacontenttype']).toBe('text/plain;%20charset=utf-8');
    expect(decodeNats(message)).toStrictEqual({ ...decoded, mode: 'binary' });
  });

  test('may carry an event as data, because no content type speaks against it', () => {
    const decoded = decodeNats({
      data: eventText({ datacontenttype: 'application/cloudevents+json', data: eventWith() }),
    });
    if (!decoded.ok) return expect.fail(decoded.problem.detail);
    const message = encodeNats(decoded.event, 'binary');
    expect(decodeNats(message)).toStrictEqual({ ...decoded, mode: 'binary' });
  });

  test('reads header text as it is: NATS headers are UTF-8 already', () => {
    const headers = msgHeaders(binaryHeaders({ 'ce-subject': 'Ã©' }));
    expect(decodeNats({ headers, data: '' })).toStrictEqual(accepted('binary', { subject: 'Ã©' }));
  });

  test('refuses a header with two values', () => {
    const headers: [string, string[]][] = [...msgHeaders(binaryHeaders({ 'ce-id': undefined })), ['ce-id', ['a', 'b']]];
    expect(decodeNats({ headers, data: '' })).toMatchObject({
      problem: { code: 'invalid-attribute', attribute: 'id' },
    });
  });
});

describe('what is no event', () => {
  test.each([
    ['nothing', '', 'empty-body'],
    ['random bytes', new Uint8Array([0, 159, 146, 150]), 'malformed-json'],
    ['an array of events', `[${eventText()}]`, 'not-an-event'],
    ['JSON that is something else', '{"hello":"world"}', 'missing-attribute'],
    ['1 MB of brackets', '['.repeat(1_000_000), 'too-deep'],
    ['1 MB of text', 'x'.repeat(1_000_000), 'malformed-json'],
  ])('%s', (_name, data, code) => {
    expect(decodeNats({ data })).toMatchObject({ ok: false, problem: { code } });
    expect(decodeNats({ headers: [], data })).toMatchObject({ ok: false, problem: { code } });
  });

  test('a batch, which the NATS binding does not have', () => {
    const headers: [string, string[]][] = [['content-type', ['application/cloudevents-batch+json']]];
    expect(decodeNats({ headers, data: '[]' })).toMatchObject({ problem: { code: 'unsupported-media-type' } });
  });
});
