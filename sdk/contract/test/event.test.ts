import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cloudEventSchema,
  decodeHttp,
  encodeHttp,
  finishedDataSchema,
  keptnCloudEventSchema,
  keptnFinishedDataSchema,
  statusChangedDataSchema,
  triggeredDataSchema,
} from '../src/index.ts';
import { arbitraryEvent } from './cloudevents/arbitrary-events.ts';

/** The codec takes any extension as it comes; those with a meaning of ours have a type in the description. */
const TYPED = ['traceparent', 'tracestate', 'shkeptncontext', 'triggeredid', 'shkeptnspecversion', 'gitcommitid'];

describe('the description of an event says what the codec does', () => {
  test('what the codec takes is what the schema describes', () => {
    fc.assert(
      fc.property(arbitraryEvent, (event) => {
        fc.pre(TYPED.every((name) => event[name] === undefined));
        expect(cloudEventSchema.safeParse(event).error).toBeUndefined();
        expect(keptnCloudEventSchema.safeParse(event).error).toBeUndefined();
      }),
    );
  });

  test.each([
    ['no id', { specversion: '1.0', source: '/s', type: 't' }],
    ['an old specversion', { specversion: '0.3', id: '1', source: '/s', type: 't' }],
    ['an id of 257 characters', { specversion: '1.0', id: 'x'.repeat(257), source: '/s', type: 't' }],
    ['an object as extension', { specversion: '1.0', id: '1', source: '/s', type: 't', extra: {} }],
    ['an integer beyond 32 bits', { specversion: '1.0', id: '1', source: '/s', type: 't', extra: 2 ** 31 }],
    ['data that is no base64', { specversion: '1.0', id: '1', source: '/s', type: 't', data_base64: '%%%' }],
  ])('%s is refused by both', (_name, event) => {
    const body = Buffer.from(JSON.stringify(event));
    const decoded = decodeHttp({ headers: { 'content-type': 'application/cloudevents+json' }, body });
    expect(decoded.ok).toBe(false);
    expect(cloudEventSchema.safeParse(event).success).toBe(false);
  });

  test('an extension that nobody knows is kept', () => {
    const event = { specversion: '1.0' as const, id: '1', source: '/s', type: 't', partition: 7, comcompany: 'x' };
    expect(cloudEventSchema.parse(event)).toEqual(event);
    expect(encodeHttp(event, 'structured').body).toContain('comcompany');
  });
});

describe('data', () => {
  test('the object under the name of the task is kept, whatever the task is called', () => {
    const data = { project: 'p', stage: 'dev', checknumber: { number: '+49' }, labels: { a: 'b' } };
    expect(triggeredDataSchema.parse(data)).toEqual(data);
  });

  test('a result that is no word of the protocol is refused', () => {
    expect(finishedDataSchema.safeParse({ result: 'passed' }).success).toBe(false);
    expect(keptnFinishedDataSchema.safeParse({ result: 'passed' }).success).toBe(false);
  });

  test('a service of Keptn may say nothing with an empty text, others leave it out', () => {
    const unsaid = { status: '', result: '' };
    expect(keptnFinishedDataSchema.safeParse(unsaid).success).toBe(true);
    expect(finishedDataSchema.safeParse(unsaid).success).toBe(false);
    expect(finishedDataSchema.safeParse({}).success).toBe(true);
  });

  test('progress is between 0 and 1', () => {
    expect(statusChangedDataSchema.safeParse({ fraction: 0.5, lines: 12 }).success).toBe(true);
    expect(statusChangedDataSchema.safeParse({ fraction: 50 }).success).toBe(false);
  });
});
