import { describe, expect, test } from 'vitest';
import { decodeHttp, decodeNats } from '../../src/cloudevents/index.ts';
import { BATCH, binaryHeaders, bytes, eventOf, eventText, eventWith, problemOf, STRUCTURED } from './support.ts';

// The rows of "Bad inputs" that concern the envelope. What is wrong is built by hand, the answer is written out.

interface Row {
  name: string;
  headers?: Record<string, string | undefined>;
  body: string | Uint8Array;
  expected: { code: string; status: number; attribute?: string; pointer?: string };
}

const NUL = '\u0000';

const rows: Row[] = [
  { name: 'an empty body', body: '', expected: { code: 'empty-body', status: 400 } },
  {
    name: 'an empty body of no content type for events',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: '',
    expected: { code: 'empty-body', status: 400 },
  },
  { name: 'a body of spaces', body: ' \n\t', expected: { code: 'empty-body', status: 400 } },
  { name: 'an open brace', body: '{', expected: { code: 'malformed-json', status: 400 } },
  {
    name: 'bytes that are not UTF-8',
    body: new Uint8Array([0x7b, 0xff, 0x7d]),
    expected: { code: 'malformed-json', status: 400 },
  },
  ...['specversion', 'id', 'source', 'type'].flatMap((name): Row[] => [
    {
      name: `no ${name}`,
      body: eventText({ [name]: undefined }),
      expected: { code: 'missing-attribute', status: 400, attribute: name, pointer: `/${name}` },
    },
    {
      name: `${name} null, which means absent`,
      body: eventText({ [name]: null }),
      expected: { code: 'missing-attribute', status: 400, attribute: name, pointer: `/${name}` },
    },
    {
      name: `no header ce-${name} in binary mode`,
      headers: binaryHeaders({ [`ce-${name}`]: undefined }),
      body: '',
      expected: { code: 'missing-attribute', status: 400, attribute: name },
    },
  ]),
  ...['0.3', '2.0', '1.0.2', ' 1.0', 1.0, true, ['1.0']].map(
    (specversion): Row => ({
      name: `specversion ${JSON.stringify(specversion)}`,
      body: eventText({ specversion }),
      expected: { code: 'unsupported-specversion', status: 400, attribute: 'specversion', pointer: '/specversion' },
    }),
  ),
  {
    name: 'specversion 2.0 in a header',
    headers: binaryHeaders({ 'ce-specversion': '2.0' }),
    body: '',
    expected: { code: 'unsupported-specversion', status: 400 },
  },
  ...[
    ['id', 'a'.repeat(10_240)],
    ['id', 'a'.repeat(257)],
    ['type', 'a'.repeat(257)],
    ['source', `/${'a'.repeat(2048)}`],
    ['subject', 'a'.repeat(4097)],
    ['someextension', 'a'.repeat(4097)],
    ['a'.repeat(257), 'x'],
  ].map(
    ([name = '', value = '']): Row => ({
      name: `${name.slice(0, 20)} (${name.length} characters) of ${value.length} characters`,
      body: eventText({ [name]: value }),
      expected: { code: 'attribute-too-long', status: 400 },
    }),
  ),
  {
    name: 'a header of 100,000 percent-encoded characters',
    headers: binaryHeaders({ 'ce-id': '%61'.repeat(100_000) }),
    body: '',
    expected: { code: 'attribute-too-long', status: 400, attribute: 'id' },
  },
  ...[
    'http://[::bad',
    'http://[::bag]',
    'http://[1:2:3:4:5:6:7:8:9]/',
    'http://[::1::2]/',
    'http://host:port/',
    'http://a@b@c/',
    'http://[::1]x/',
    '/a[b]',
    '/with space',
    '/percent%2',
    '/percent%zz',
    '/two#fragments#',
    '/ümlaut',
    '/back\\slash',
    '10.0.0.1:8080/x',
    ':nothing-before',
  ].map(
    (source): Row => ({
      name: `source ${source}`,
      body: eventText({ source }),
      expected: { code: 'invalid-attribute', status: 400, attribute: 'source', pointer: '/source' },
    }),
  ),
  ...['id', 'source', 'type', 'subject', 'time', 'correlationid', 'causationid', 'datacontenttype'].flatMap(
    (name): Row[] =>
      ['', 7, false, {}, ['x']].map((value) => ({
        name: `${name} is ${JSON.stringify(value)}`,
        body: eventText({ [name]: value }),
        expected: { code: 'invalid-attribute', status: 400, attribute: name, pointer: `/${name}` },
      })),
  ),
  ...['Bad-Name', 'badName', 'bad_name', '', 'ümlaut', 'a b', 'data_base65', '__proto__', 'a.b', '$where', 'a\n'].map(
    (name): Row => ({
      name: `extension name ${JSON.stringify(name)}`,
      body: `${eventText().slice(0, -1)},${JSON.stringify(name)}:"x"}`,
      expected: { code: 'invalid-attribute', status: 400, attribute: name },
    }),
  ),
  ...['ce-bad-name', 'ce-bad_name', 'ce-', 'ce-__proto__', 'CE-Data_Base64'].map(
    (header): Row => ({
      name: `header ${header}`,
      headers: binaryHeaders({ [header]: 'x' }),
      body: '',
      expected: { code: 'invalid-attribute', status: 400 },
    }),
  ),
  ...[{}, { a: 1 }, [], ['x'], null, 1.5, 2_147_483_648, -2_147_483_649, 1e300].map(
    (value): Row => ({
      name: `extension value ${JSON.stringify(value)}`,
      body: eventText({ myextension: value }),
      expected: { code: 'invalid-attribute', status: 400, attribute: 'myextension', pointer: '/myextension' },
    }),
  ),
  ...['%%%', 'YQ', 'YQ=', 'Y===', 'YQ==YQ==', 'YQ==\n', 'Y_-=', 'é===', 7, {}, true].map(
    (data_base64): Row => ({
      name: `data_base64 ${JSON.stringify(data_base64)}`,
      body: eventText({ data_base64 }),
      expected: { code: 'invalid-data', status: 400, pointer: '/data_base64' },
    }),
  ),
  {
    name: 'data and data_base64',
    body: eventText({ data: {}, data_base64: 'YQ==' }),
    expected: { code: 'invalid-data', status: 400, pointer: '/data_base64' },
  },
  {
    name: 'data that is null and data_base64',
    body: eventText({ data: null, data_base64: 'YQ==' }),
    expected: { code: 'invalid-data', status: 400, pointer: '/data_base64' },
  },
  {
    name: 'an object as text/plain',
    body: eventText({ datacontenttype: 'text/plain', data: { a: 1 } }),
    expected: { code: 'invalid-data', status: 400, pointer: '/data' },
  },
  {
    name: 'data that is not the JSON it is said to be, in binary mode',
    headers: binaryHeaders({ 'content-type': 'application/json' }),
    body: '{"a":',
    expected: { code: 'malformed-json', status: 400 },
  },
  ...[
    'tomorrow',
    '2026-11-21',
    '2026-11-21T08:00:00',
    '2026-02-29T08:00:00Z',
    '2026-13-01T08:00:00Z',
    '2026-11-21T24:00:00Z',
    '2026-11-21T08:00:00+25:00',
  ].map(
    (time): Row => ({
      name: `time ${time}`,
      body: eventText({ time }),
      expected: { code: 'invalid-attribute', status: 400, attribute: 'time' },
    }),
  ),
  ...['json', 'application/', 'a/b c', '/json', 'application/json\u00a0'].map(
    (datacontenttype): Row => ({
      name: `datacontenttype ${datacontenttype}`,
      body: eventText({ datacontenttype }),
      expected: { code: 'invalid-attribute', status: 400, attribute: 'datacontenttype' },
    }),
  ),
  {
    name: 'a dataschema without a scheme',
    body: eventText({ dataschema: 'schema.json' }),
    expected: { code: 'invalid-attribute', status: 400, attribute: 'dataschema' },
  },
  {
    name: 'the same key twice',
    body: '{"id":"a","id":"b","specversion":"1.0","source":"/x","type":"t"}',
    expected: { code: 'duplicate-key', status: 400, pointer: '/id' },
  },
  {
    name: 'the same key twice, once in disguise',
    body: '{"id":"a","\\u0069d":"b","specversion":"1.0","source":"/x","type":"t"}',
    expected: { code: 'duplicate-key', status: 400, pointer: '/id' },
  },
  {
    name: 'the same key twice deep in data',
    body: eventText({ data: 'HERE' }).replace('"HERE"', '{"list":[{},{"a/b":1,"c":2,"a/b":3}]}'),
    expected: { code: 'duplicate-key', status: 400, pointer: '/data/list/1/a~1b' },
  },
  {
    name: 'the same key twice in data of binary mode',
    headers: binaryHeaders({ 'content-type': 'application/json' }),
    body: '{"a":1,"a":1}',
    expected: { code: 'duplicate-key', status: 400, pointer: '/a' },
  },
  {
    name: 'a batch of 101 events',
    headers: BATCH,
    body: JSON.stringify(Array.from({ length: 101 }, () => eventWith())),
    expected: { code: 'batch-too-large', status: 413 },
  },
  {
    name: 'one bad event of ten',
    headers: BATCH,
    body: JSON.stringify(Array.from({ length: 10 }, (_, index) => eventWith(index === 7 ? { id: 5 } : {}))),
    expected: { code: 'invalid-attribute', status: 400, attribute: 'id', pointer: '/7/id' },
  },
  {
    name: 'a batch that is an object',
    headers: BATCH,
    body: eventText(),
    expected: { code: 'not-an-event', status: 400 },
  },
  {
    name: 'a batch of numbers',
    headers: BATCH,
    body: '[1]',
    expected: { code: 'not-an-event', status: 400, pointer: '/0' },
  },
  ...['[]', '"text"', '42', 'null', 'true'].map(
    (body): Row => ({ name: `an event that is ${body}`, body, expected: { code: 'not-an-event', status: 400 } }),
  ),
  {
    name: 'ce-datacontenttype in binary mode',
    headers: binaryHeaders({ 'ce-datacontenttype': 'application/json' }),
    body: '{}',
    expected: { code: 'invalid-attribute', status: 400, attribute: 'datacontenttype' },
  },
  {
    name: 'ce-data in binary mode',
    headers: binaryHeaders({ 'ce-data': 'x' }),
    body: '',
    expected: { code: 'invalid-attribute', status: 400, attribute: 'data' },
  },
  {
    name: 'one attribute in two headers',
    headers: binaryHeaders({ 'CE-ID': 'A-2' }),
    body: '',
    expected: { code: 'invalid-attribute', status: 400, attribute: 'id' },
  },
  {
    name: 'a header whose percent-encoding is an overlong UTF-8',
    headers: binaryHeaders({ 'ce-subject': '%C0%A0' }),
    body: '',
    expected: { code: 'invalid-attribute', status: 400, attribute: 'subject' },
  },
  ...['utf-16', 'iso-8859-1', '"ISO-8859-1"', 'UTF-16LE'].flatMap((charset): Row[] => [
    {
      name: `structured mode in ${charset}`,
      headers: { 'content-type': `application/cloudevents+json; charset=${charset}` },
      body: eventText(),
      expected: { code: 'unsupported-charset', status: 415 },
    },
    {
      name: `a batch in ${charset}`,
      headers: { 'content-type': `application/cloudevents-batch+json;charset=${charset}` },
      body: `[${eventText()}]`,
      expected: { code: 'unsupported-charset', status: 415 },
    },
    {
      name: `JSON data of binary mode in ${charset}`,
      headers: binaryHeaders({ 'content-type': `application/json; a=b; Charset=${charset}` }),
      body: '{}',
      expected: { code: 'unsupported-charset', status: 415 },
    },
  ]),
  ...[
    'application/cloudevents+xml',
    'application/cloudevents-batch+avro',
    'application/x-www-form-urlencoded',
    'text/plain',
  ].map(
    (type): Row => ({
      name: `content type ${type}`,
      headers: { 'content-type': type },
      body: eventText(),
      expected: { code: 'unsupported-media-type', status: 415 },
    }),
  ),
  ...['id', 'type', 'subject', 'myextension'].flatMap((name): Row[] =>
    [
      `a${NUL}b`,
      'a\nb',
      '\u001b[31mred',
      '\u009b31m',
      'a\u007f',
      'a\ud800',
      '\udc00a',
      'a\ufffe',
      '\ufdd0',
      '\u{1ffff}',
    ].map((value) => ({
      name: `${name} is ${JSON.stringify(value)}`,
      body: eventText({ [name]: value }),
      expected: { code: 'invalid-attribute', status: 400, attribute: name, pointer: `/${name}` },
    })),
  ),
  {
    name: 'a NUL that a header hides in percent-encoding',
    headers: binaryHeaders({ 'ce-id': 'a%00b' }),
    body: '',
    expected: { code: 'invalid-attribute', status: 400, attribute: 'id' },
  },
  {
    name: 'arrays 100,000 deep in data',
    body: eventText({ data: 'HERE' }).replace('"HERE"', '['.repeat(100_000) + ']'.repeat(100_000)),
    expected: { code: 'too-deep', status: 400 },
  },
  {
    name: 'open brackets without end',
    body: `{"data":${'['.repeat(100_000)}`,
    expected: { code: 'too-deep', status: 400 },
  },
  { name: 'open objects without end', body: '{"a":'.repeat(100_000), expected: { code: 'too-deep', status: 400 } },
  {
    name: 'an object of 1,000,000 keys',
    body: eventText({ data: 'HERE' }).replace(
      '"HERE"',
      `{${Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":0`).join()}}`,
    ),
    expected: { code: 'too-many-keys', status: 400 },
  },
];

describe('over HTTP', () => {
  test.each(rows)('$name is refused with $expected.code', ({ headers = STRUCTURED, body, expected }) => {
    expect(problemOf({ headers, body })).toMatchObject(expected);
    if (typeof body === 'string') expect(problemOf({ headers, body: bytes(body) })).toMatchObject(expected);
  });
});

describe('on the bus', () => {
  const same = rows.filter(
    ({ expected, headers }) => headers === undefined && expected.code !== 'unsupported-media-type',
  );
  test.each(same)('$name is refused with $expected.code', ({ body, expected }) => {
    expect(decodeNats({ data: body })).toMatchObject({ ok: false, problem: expected });
  });
});

describe('what is not refused', () => {
  test('a byte order mark before JSON is dropped', () => {
    expect(eventOf({ headers: STRUCTURED, body: `\ufeff${eventText()}` })).toEqual(eventWith());
    expect(eventOf({ headers: STRUCTURED, body: bytes(`\ufeff${eventText()}`) })).toEqual(eventWith());
    expect(
      eventOf({ headers: binaryHeaders({ 'content-type': 'application/json' }), body: bytes('\ufeff{"a":1}') }).data,
    ).toEqual({ a: 1 });
  });

  test('an extension name of more than 20 characters is accepted', () => {
    const name = 'averyverylongextensionname1';
    expect(eventOf({ headers: STRUCTURED, body: eventText({ [name]: 'x' }) })[name]).toBe('x');
  });

  test('an empty batch holds no events', () => {
    expect(decodeHttp({ headers: BATCH, body: '[]' })).toEqual({ ok: true, events: [], mode: 'batch' });
  });

  test('a batch of 100 events, each with as many keys as one event may have, is accepted', () => {
    const data = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, 0]));
    const body = JSON.stringify(Array.from({ length: 100 }, () => eventWith({ data })));
    expect(decodeHttp({ headers: BATCH, body })).toMatchObject({ ok: true, events: { length: 100 } });
  });

  test('data 64 levels deep is accepted in every mode, and 65 in none', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    const messages = (depth: number) => {
      const event = eventText({ data: 'HERE' }).replace('"HERE"', nested(depth));
      return [
        { headers: STRUCTURED, body: event },
        { headers: BATCH, body: `[${event}]` },
        { headers: binaryHeaders({ 'content-type': 'application/json' }), body: nested(depth) },
      ];
    };
    for (const message of messages(64)) expect(decodeHttp(message).ok).toBe(true);
    for (const message of messages(65)) expect(problemOf(message).code).toBe('too-deep');
  });

  test('null stands for an attribute that is not there, and data may be null', () => {
    const event = eventOf({
      headers: STRUCTURED,
      body: eventText({
        subject: null,
        time: null,
        datacontenttype: null,
        dataschema: null,
        data_base64: null,
        data: null,
      }),
    });
    expect(event).toStrictEqual(eventWith({ data: null }));
  });

  test('values at their limits are accepted', () => {
    const members = {
      id: 'i'.repeat(256),
      type: 't'.repeat(256),
      source: `/${'s'.repeat(2047)}`,
      x: 2_147_483_647,
      y: '',
    };
    expect(eventOf({ headers: STRUCTURED, body: eventText(members) })).toEqual(eventWith(members));
  });

  test('__proto__ and constructor in data arrive unchanged and change nothing else', () => {
    const data = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"$where":1,"a.b":2,"":3}';
    const structured = eventOf({ headers: STRUCTURED, body: eventText({ data: 'HERE' }).replace('"HERE"', data) });
    const binary = eventOf({ headers: binaryHeaders({ 'content-type': 'application/json' }), body: data });
    expect(JSON.stringify(structured.data)).toBe(data);
    expect(JSON.stringify(binary.data)).toBe(data);
    expect(Reflect.get({}, 'admin')).toBeUndefined();
    expect(Object.getPrototypeOf(structured)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(binary)).toBe(Object.prototype);
  });
});

describe('the answer', () => {
  test('names the line and column of malformed JSON', () => {
    const problem = problemOf({ headers: STRUCTURED, body: '{\n  "id": "a",\n  "source": /ci\n}' });
    expect(problem).toMatchObject({ line: 3, column: 13 });
    expect(problem.detail).toContain('line 3 column 13');
    expect(problemOf({ headers: STRUCTURED, body: '{"id": "a"' })).toMatchObject({ line: 1, column: 11 });
    expect(problemOf({ headers: STRUCTURED, body: '' }).line).toBeUndefined();
  });

  test('names every attribute that is missing', () => {
    expect(problemOf({ headers: STRUCTURED, body: '{"specversion":"1.0"}' }).detail).toMatch(
      /no id, no source, no type/,
    );
  });

  test('stays short and printable whatever was sent', () => {
    const nasty = '\u001b[31m\n{"level":"error"}\u202e\u009b'.repeat(500);
    const messages = [
      { headers: STRUCTURED, body: eventText({ [nasty]: 'x' }) },
      { headers: STRUCTURED, body: eventText({ specversion: nasty }) },
      { headers: STRUCTURED, body: `{${JSON.stringify(nasty)}:1,${JSON.stringify(nasty)}:2}` },
      { headers: { 'content-type': nasty }, body: '{}' },
      { headers: { 'content-type': `application/json; charset=${nasty}` }, body: '{}' },
      { headers: binaryHeaders({ [`ce-${nasty}`]: 'x' }), body: '' },
      { headers: STRUCTURED, body: eventText({ datacontenttype: 'text/plain', data: [nasty] }) },
    ];
    for (const message of messages) {
      const problem = problemOf(message);
      expect(problem.detail).toMatch(/^[\x20-\x7e]+$/);
      expect(JSON.stringify(problem).length).toBeLessThan(1500);
    }
  });
});
