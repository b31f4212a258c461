import { describe, expect, test } from 'vitest';
import { decodeHttp, encodeHttp, eventProblemStatus } from '../../src/cloudevents/index.ts';
import { binaryHeaders, bytes, eventOf, eventText, eventWith, problemOf, STRUCTURED } from './support.ts';

describe('which mode a message is in', () => {
  test.each([
    ['application/cloudevents+json', 'structured'],
    ['Application/CloudEvents+JSON ; Charset="UTF-8"', 'structured'],
    ['application/cloudevents', 'structured'],
    ['application/json', 'structured'],
    ['text/json;charset=utf8', 'structured'],
    [undefined, 'structured'],
  ])('%s with an object is %s', (type, mode) => {
    const headers = type === undefined ? {} : { 'Content-Type': type };
    expect(decodeHttp({ headers, body: eventText() })).toStrictEqual({ ok: true, events: [eventWith()], mode });
  });

  test.each([
    'application/cloudevents-batch+json',
    'APPLICATION/CLOUDEVENTS-BATCH+JSON; charset=utf-8',
    'application/json',
  ])('%s with an array is a batch', (type) => {
    const headers = { 'content-type': type };
    const events = [eventWith(), eventWith({ id: 'A-2' })];
    expect(decodeHttp({ headers, body: ` ${JSON.stringify(events)}` })).toStrictEqual({
      ok: true,
      events,
      mode: 'batch',
    });
  });

  test('application/json with ce- headers is binary, even when the body looks like an event', () => {
    const body = eventText({ id: 'inner' });
    const event = eventOf({ headers: binaryHeaders({ 'content-type': 'application/json' }), body });
    expect(event).toMatchObject({ id: 'A-1', data: { id: 'inner' } });
  });

  test('a content type of CloudEvents is structured, whatever ce- headers repeat', () => {
    const headers = { ...binaryHeaders({ 'ce-id': 'header' }), ...STRUCTURED };
    expect(eventOf({ headers, body: eventText() }).id).toBe('A-1');
  });

  test('a stray ce- header alone makes no binary mode', () => {
    expect(eventOf({ headers: { 'ce-proxy': 'x', 'content-type': 'application/json' }, body: eventText() }).id).toBe(
      'A-1',
    );
  });

  test('a body that nobody can place is refused with what to send instead', () => {
    const problem = problemOf({ headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: eventText() });
    expect(problem).toMatchObject({ code: 'unsupported-media-type', status: 415 });
    expect(problem.detail).toContain('application/cloudevents+json');
  });
});

describe('headers', () => {
  test('are read as Node, fetch and a Map hold them', () => {
    const headers = { 'Ce-SpecVersion': '1.0', 'CE-ID': 'A-1', 'ce-source': '/ci', 'ce-type': 'dev.build.triggered' };
    for (const source of [headers, new Headers(headers), new Map(Object.entries(headers)), Object.entries(headers)]) {
      expect(decodeHttp({ headers: source, body: '' })).toStrictEqual({
        ok: true,
        events: [eventWith()],
        mode: 'binary',
      });
    }
  });

  test.each([
    ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
    ['%e2%82%ac lower case', '€ lower case'],
    ['%41%2dneedless', 'A-needless'],
    ['100% and 5%x', '100% and 5%x'],
    ['%2541', '%41'],
    ['"quoted \\"string\\" \\\\"', 'quoted "string" \\'],
    ['"quoted%20and%20encoded"', 'quoted and encoded'],
    ['"', '"'],
    ['  space around\t', 'space around'],
    ['raw €', 'raw €'],
    ['raw caf\u00c3\u00a9 as bytes', 'raw café as bytes'],
    ['raw caf\u00e9 as Latin-1', 'raw café as Latin-1'],
    ['a, b', 'a, b'],
  ])('%s means %s', (value, text) => {
    expect(eventOf({ headers: binaryHeaders({ 'ce-subject': value }), body: '' }).subject).toBe(text);
  });

  test('are percent-encoded as the specification shows', () => {
    const event = eventOf({ headers: STRUCTURED, body: eventText({ subject: 'Euro € 😀', x: '"50%"~!' }) });
    expect(encodeHttp(event, 'binary').headers).toMatchObject({
      'ce-subject': 'Euro%20%E2%82%AC%20%F0%9F%98%80',
      'ce-x': '%2250%25%22~!',
    });
  });

  test('that have nothing to do with events are left alone', () => {
    const headers = binaryHeaders({ host: 'x', accept: '*/*', cerberus: 'dog', 'x-ce-id': 'no', 'ce-empty': '' });
    expect(eventOf({ headers, body: '' })).toStrictEqual(eventWith({ empty: '' }));
  });
});

describe('data of binary mode', () => {
  const dataOf = (type: string | undefined, body: string | Uint8Array) => {
    const { data, data_base64 } = eventOf({ headers: binaryHeaders({ 'content-type': type }), body });
    return { data, data_base64 };
  };

  test.each([
    ['application/json', '{"a":[1]}', { data: { a: [1] } }],
    ['application/vnd.example+json', '"text"', { data: 'text' }],
    ['application/json', 'null', { data: null }],
    ['text/plain', '{"a":1}', { data: '{"a":1}' }],
    ['text/plain; charset=us-ascii', 'plain', { data: 'plain' }],
    ['application/xml', '<a>é</a>', { data: '<a>é</a>' }],
    ['text/plain', '\ufeffmarked', { data: '\ufeffmarked' }],
    ['application/octet-stream', 'abc', { data_base64: 'YWJj' }],
    ['text/plain; charset=iso-8859-1', 'abc', { data_base64: 'YWJj' }],
    [undefined, '{"a":1}', { data_base64: 'eyJhIjoxfQ==' }],
    ['application/json', '', {}],
    ['text/plain', '', {}],
    [undefined, '', {}],
  ])('%s: %s', (type, body, expected) => {
    const complete = { data: undefined, data_base64: undefined, ...expected };
    expect(dataOf(type, body)).toEqual(complete);
    expect(dataOf(type, bytes(body))).toEqual(complete);
  });

  test('text that is not UTF-8 is kept as the bytes that it is', () => {
    expect(dataOf('text/plain', new Uint8Array([0xff, 0x00, 0x41]))).toEqual({ data: undefined, data_base64: '/wBB' });
  });

  test('large bytes survive', () => {
    const body = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 256);
    const event = eventOf({ headers: binaryHeaders({ 'content-type': 'image/png' }), body });
    expect(event.data_base64).toBe(Buffer.from(body).toString('base64'));
    expect(encodeHttp(event, 'binary').body).toEqual(body);
  });
});

test('limits can be set, and the defaults are the documented ones', () => {
  const limits = {
    idMax: 1,
    typeMax: 99,
    uriMax: 99,
    attributeMax: 99,
    nameMax: 9,
    depthMax: 1,
    keysMax: 9,
    batchMax: 1,
  };
  const codeWith = (body: string) => {
    const decoded = decodeHttp({ headers: {}, body }, limits);
    return decoded.ok ? 'ok' : decoded.problem.code;
  };
  expect(codeWith(eventText({ id: '1', data: {} }))).toBe('ok');
  expect(codeWith(eventText())).toBe('attribute-too-long');
  expect(codeWith(eventText({ id: '1', data: { a: {} } }))).toBe('too-deep');
  expect(codeWith(eventText({ id: '1', data: { a: 1, b: 2, c: 3, d: 4, e: 5 } }))).toBe('too-many-keys');
  expect(codeWith(`[${eventText({ id: '1' })},${eventText({ id: '1' })}]`)).toBe('batch-too-large');
});

test('every problem code has a status of its kind', () => {
  for (const status of Object.values(eventProblemStatus)) expect([400, 413, 415]).toContain(status);
});
