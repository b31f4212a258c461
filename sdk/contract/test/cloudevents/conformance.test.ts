import { describe, expect, test } from 'vitest';
import type { CloudEvent } from '../../src/cloudevents/index.ts';
import { decodeHttp, decodeNats, encodeHttp } from '../../src/cloudevents/index.ts';

// The cases of the public conformance suite (github.com/cloudevents/conformance), in our own form: raw HTTP messages
// of its feature file for the HTTP binding, the six smallest events of its YAML set in every mode, and the examples of
// the specification's JSON format with the binary messages that it gives for them.

/** Takes a request apart at its first empty line, as a server would. */
function readRequest(raw: string): { headers: Record<string, string>; body: Uint8Array } {
  const [head = '', ...bodies] = raw.split('\n\n');
  const lines = head.split('\n').slice(1);
  const headers = Object.fromEntries(lines.map((line) => line.split(/:\s*(.*)/s, 2)));
  return { headers, body: new TextEncoder().encode(bodies.join('\n\n')) };
}

const attributes = {
  id: '1234-1234-1234',
  specversion: '1.0',
  type: 'com.example.someevent',
  source: '/mycontext/subcontext',
  time: '2018-04-05T03:56:24Z',
};

describe('the HTTP feature file', () => {
  test.each(['application/json', 'application/json; charset=utf-8'])('binary content mode (%s)', (contentType) => {
    const request = readRequest(
      [
        'POST /someresource HTTP/1.1',
        'Host: example.com',
        ...Object.entries(attributes).map(([name, value]) => `ce-${name}: ${value}`),
        `Content-Type: ${contentType}`,
        'Content-Length: 33',
        '',
        '{\n    "message": "Hello World!"\n}',
      ].join('\n'),
    );
    const event = { ...attributes, datacontenttype: contentType, data: { message: 'Hello World!' } };
    expect(decodeHttp(request)).toStrictEqual({ ok: true, events: [event], mode: 'binary' });
  });

  test.each(['application/cloudevents+json', 'application/cloudevents+json; charset=utf-8'])(
    'structured content mode (%s)',
    (contentType) => {
      const event = { ...attributes, datacontenttype: 'application/json', data: { message: 'Hello World!' } };
      const head = `POST /someresource HTTP/1.1\nHost: example.com\nContent-Type: ${contentType}\nContent-Length: 266`;
      const request = readRequest(`${head}\n\n${JSON.stringify(event, null, 4)}`);
      expect(decodeHttp(request)).toStrictEqual({ ok: true, events: [event], mode: 'structured' });
      expect(decodeNats({ data: request.body })).toStrictEqual({ ok: true, event, mode: 'structured' });
    },
  );
});

describe('the smallest events', () => {
  const minimum: [type: string, data: unknown, body: string][] = [
    ['text/plain; charset=us-ascii', 'Hello, World!', 'Hello, World!'],
    ['text/plain; charset=utf-8', 'Hello, 🌎!', 'Hello, 🌎!'],
    ['application/json; charset=utf-8', 'Hello, 🌎!', '"Hello, 🌎!"'],
    ['application/json; charset=utf-8', { msg: 'Hello, 🌎!' }, '{"msg":"Hello, 🌎!"}'],
    ['application/json; charset=utf-8', ['Hello', '🌎!'], '["Hello","🌎!"]'],
    ['application/xml; charset=utf-8', '<msg>Hello, 🌎!</msg>', '<msg>Hello, 🌎!</msg>'],
  ];

  test.each(minimum)('%s, %j', (datacontenttype, data, body) => {
    const event: CloudEvent = {
      specversion: '1.0',
      type: 'io.cloudevents.minimum',
      id: 'conformance-1',
      source: '//github.com/cloudevents/cloudeventsconformance/yaml/v1.yaml',
      datacontenttype,
      data,
    };
    const binary = encodeHttp(event, 'binary');
    expect(binary.body).toBe(body);
    expect(binary.headers['content-type']).toBe(datacontenttype);
    expect(decodeHttp(binary)).toStrictEqual({ ok: true, events: [event], mode: 'binary' });
    expect(decodeHttp(encodeHttp(event, 'structured'))).toStrictEqual({
      ok: true,
      events: [event],
      mode: 'structured',
    });
    expect(decodeHttp(encodeHttp([event, event], 'batch'))).toStrictEqual({
      ok: true,
      events: [event, event],
      mode: 'batch',
    });
  });

  test('an extension whose text is JSON stays text', () => {
    const event: CloudEvent = {
      specversion: '1.0',
      type: 't',
      id: '1',
      source: '/',
      comexampleextension2: '{"othervalue": 5}\u00e9',
    };
    for (const mode of ['binary', 'structured'] as const) {
      expect(decodeHttp(encodeHttp(event, mode))).toStrictEqual({ ok: true, events: [event], mode });
    }
  });
});

describe('the examples of the JSON format, as binary messages', () => {
  const base = {
    specversion: '1.0',
    type: 'com.example.someevent',
    source: '/mycontext',
    id: 'A-1',
    comexampleothervalue: 5,
  } as const;
  const examples: [
    name: string,
    members: Partial<CloudEvent>,
    contentType: string | undefined,
    body: string | Uint8Array,
  ][] = [
    [
      'bytes',
      { datacontenttype: 'application/vnd.apache.thrift.binary', data_base64: 'AAEC' },
      'application/vnd.apache.thrift.binary',
      new Uint8Array([0, 1, 2]),
    ],
    [
      'XML as a string',
      { datacontenttype: 'application/xml', data: '<much wow="xml"/>' },
      'application/xml',
      '<much wow="xml"/>',
    ],
    [
      'a JSON object',
      { datacontenttype: 'application/json', data: { a: 'abc', b: 123 } },
      'application/json',
      '{"a":"abc","b":123}',
    ],
    ['a JSON number', { datacontenttype: 'application/json', data: 1.5 }, 'application/json', '1.5'],
    ['a JSON string without a type', { data: "I'm just a string" }, 'application/json', '"I\'m just a string"'],
    [
      'bytes without a type',
      { data_base64: 'eyAieHl6IjogMTIzIH0=' },
      undefined,
      new TextEncoder().encode('{ "xyz": 123 }'),
    ],
  ];

  test.each(examples)('%s', (_name, members, contentType, body) => {
    const binary = encodeHttp({ ...base, ...members }, 'binary');
    expect(binary.body).toEqual(body);
    expect(binary.headers['content-type']).toBe(contentType);
    expect(binary.headers['ce-comexampleothervalue']).toBe('5');
    expect(decodeHttp(binary)).toMatchObject({
      ok: true,
      events: [{ ...members, comexampleothervalue: '5' }],
      mode: 'binary',
    });
  });
});
