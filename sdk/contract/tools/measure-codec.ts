// What the codec costs per event, beside JSON.parse and the cloudevents package: `node sdk/contract/tools/measure-codec.ts`.
// The candidates take turns, and the best of many rounds counts, because other processes only ever make a round slower.
import { CloudEvent, HTTP } from 'cloudevents';
import { decodeHttp, decodeNats, encodeHttp, stringifyEvent } from '../src/cloudevents/index.ts';

const ROUNDS = 60;
const ROUND_MS = 8;

const text = JSON.stringify({
  specversion: '1.0',
  id: '6f2c8f0a-1111-4222-8333-0123456789ab',
  source: 'https://ci.example.com/pipelines/42',
  type: 'build.finished',
  time: '2026-11-21T08:00:00.000Z',
  correlationid: '6f2c8f0a-1111-4222-8333-0123456789ac',
  datacontenttype: 'application/json',
  data: {
    project: 'default',
    stage: 'dev',
    service: 'checkout',
    labels: { build: '1.2.3' },
    result: 'pass',
    build: { image: 'a:1' },
  },
});
const bytes = new TextEncoder().encode(text);
// What Node's server hands over for a request of curl.
const headers = {
  host: '127.0.0.1:8484',
  'user-agent': 'curl/8',
  accept: '*/*',
  'content-length': String(bytes.length),
};
const structured = { ...headers, 'content-type': 'application/cloudevents+json' };
const event = JSON.parse(text);
const binaryMessage = encodeHttp(event, 'binary');
const binary = {
  headers: { ...headers, ...binaryMessage.headers },
  body: new TextEncoder().encode(String(binaryMessage.body)),
};
const batch = new TextEncoder().encode(`[${Array.from({ length: 100 }, () => text).join()}]`);
const decoder = new TextDecoder('utf-8', { fatal: true });

const candidates: [name: string, events: number, run: () => unknown][] = [
  ['JSON.parse of the text', 1, () => JSON.parse(text)],
  ['UTF-8 and JSON.parse of the bytes', 1, () => JSON.parse(decoder.decode(bytes))],
  ['decodeHttp, structured, text', 1, () => decodeHttp({ headers: structured, body: text })],
  ['decodeHttp, structured, bytes', 1, () => decodeHttp({ headers: structured, body: bytes })],
  [
    'decodeHttp, application/json, bytes',
    1,
    () => decodeHttp({ headers: { ...headers, 'content-type': 'application/json' }, body: bytes }),
  ],
  ['decodeHttp, binary', 1, () => decodeHttp(binary)],
  [
    'decodeHttp, one of a batch of 100',
    100,
    () => decodeHttp({ headers: { 'content-type': 'application/cloudevents-batch+json' }, body: batch }),
  ],
  ['decodeNats without headers, bytes', 1, () => decodeNats({ data: bytes })],
  ['stringifyEvent', 1, () => stringifyEvent(event)],
  ['encodeHttp, binary', 1, () => encodeHttp(event, 'binary')],
  ['cloudevents package, toEvent, structured text', 1, () => HTTP.toEvent({ headers: structured, body: text })],
  ['cloudevents package, new CloudEvent (validates)', 1, () => new CloudEvent(JSON.parse(text))],
];

const best = candidates.map(() => Number.POSITIVE_INFINITY);
for (let round = 0; round < ROUNDS; round++) {
  for (const [index, [, events, run]] of candidates.entries()) {
    const start = performance.now();
    let runs = 0;
    while (performance.now() - start < ROUND_MS) {
      for (let i = 0; i < 20; i++) run();
      runs += 20;
    }
    const microseconds = ((performance.now() - start) * 1000) / runs / events;
    best[index] = Math.min(best[index] ?? microseconds, microseconds);
  }
}
console.log(`one event of ${bytes.length} bytes, Node ${process.version}, best of ${ROUNDS} rounds`);
for (const [index, [name]] of candidates.entries()) console.log(`${best[index]?.toFixed(2).padStart(8)} us  ${name}`);
