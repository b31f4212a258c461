import { expect, test } from 'vitest';
import { HELLO_SUBJECT, IN_SUBJECTS, OUT_SUBJECTS, projectOf } from '../../src/bus/nats/subjects.ts';

/** Whether a subject exists that both patterns match (they have no `>`). */
function overlaps(a: string, b: string): boolean {
  const left = a.split('.');
  const right = b.split('.');
  return (
    left.length === right.length &&
    left.every((token, index) => token === '*' || right[index] === '*' || token === right[index])
  );
}

test('no subject belongs to both streams, or to a stream and the hello', () => {
  expect(overlaps('a.*.c', 'a.b.*')).toBe(true);
  for (const inner of IN_SUBJECTS) {
    expect(overlaps(inner, HELLO_SUBJECT)).toBe(false);
    for (const outer of OUT_SUBJECTS) expect(`${inner} ${outer} ${overlaps(inner, outer)}`).toMatch(/false$/);
  }
});

test('every type of the protocol has its stream, in both dialects', () => {
  const streamOf = (subject: string): string => {
    const isIn = IN_SUBJECTS.some((pattern) => overlaps(pattern, subject));
    const isOut = OUT_SUBJECTS.some((pattern) => overlaps(pattern, subject));
    return `${isIn ? 'in' : ''}${isOut ? 'out' : ''}`;
  };
  for (const prefix of ['slipway.shop', 'sh.keptn.event']) {
    expect(streamOf(`${prefix}.dev.delivery.triggered`)).toBe('in');
    expect(streamOf(`${prefix}.build.started`)).toBe('in');
    expect(streamOf(`${prefix}.build.status.changed`)).toBe('in');
    expect(streamOf(`${prefix}.build.finished`)).toBe('in');
    expect(streamOf(`${prefix}.evaluation.invalidated`)).toBe('in');
    expect(streamOf(`${prefix}.build.triggered`)).toBe('out');
    expect(streamOf(`${prefix}.build.cancelled`)).toBe('out');
    expect(streamOf(`${prefix}.dev.delivery.started`)).toBe('out');
    expect(streamOf(`${prefix}.dev.delivery.finished`)).toBe('out');
  }
});

test('the project of a subject is its second token', () => {
  expect(projectOf('slipway.shop.build.finished')).toBe('shop');
  expect(projectOf('sh.keptn.event.build.finished')).toBeUndefined();
  expect(projectOf('slipway.shop')).toBeUndefined();
});
