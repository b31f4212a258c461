import { describe, expect, test } from 'vitest';
import { decodeHttp, decodeNats, readJsonBody } from '../../src/index.ts';

const CHANGED = ['1909198862420847982', '-1796093516872123457', '9007199254740993', '-0', '-0.0', '-0e5'];
const KEPT = [
  '9007199254740991',
  '-9007199254740991',
  '0',
  '0.1',
  '1e21',
  '1.8446744073709552e+19',
  '18446744073709552000',
];

const event = (number: string): string =>
  `{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":[{"message_id":${number}}]}}`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const structured = { 'content-type': 'application/cloudevents+json' };
const binary = {
  ...{ 'content-type': 'application/json', 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' },
};

const DOORS: [string, string, (number: string) => { ok: boolean; problem?: unknown }][] = [
  ['structured mode', '/data/a/0/message_id', (n) => decodeHttp({ headers: structured, body: bytes(event(n)) })],
  [
    'a batch',
    '/1/data/a/0/message_id',
    (n) =>
      decodeHttp({
        headers: { 'content-type': 'application/cloudevents-batch+json' },
        body: bytes(`[${event('1')},${event(n)}]`),
      }),
  ],
  ['binary mode', '/message_id', (n) => decodeHttp({ headers: binary, body: bytes(`{"message_id":${n}}`) })],
  ['NATS', '/data/a/0/message_id', (n) => decodeNats({ data: bytes(event(n)) })],
  ['any other body', '/config/n', (n) => readJsonBody(bytes(`{"config":{"n":${n}}}`))],
];

describe.each(DOORS)('in %s', (_door, pointer, read) => {
  test.each(CHANGED)('%s would be changed, and is refused with its place', (number) => {
    expect(read(number)).toMatchObject({ ok: false, problem: { code: 'malformed-json', pointer } });
  });

  test.each(KEPT)('%s is kept as it is', (number) => {
    expect(read(number)).toMatchObject({ ok: true });
  });
});

test('a key that is there twice is still found beside a large number', () => {
  const read = readJsonBody(bytes('{"a":18446744073709552000,"b":1,"b":2}'));
  expect(read).toMatchObject({ ok: false, problem: { code: 'duplicate-key' } });
});
