import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CommitItem, Store } from '../../src/store/store.ts';
import { firstOf, NOON, outcomes } from './builders.ts';
import type { Fixture } from './fixture.ts';

/** C0, DEL and C1, line separators, bidi marks, and what separates names in keys. */
const HOSTILE = [
  ...Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)),
  ...Array.from({ length: 0x21 }, (_, index) => String.fromCharCode(0x7f + index)),
  ...'\u2028\u2029\u200e\u200f\u061c\u202a\u202e\u2066\u2069/.:=,|"\\\'%',
];
const FIELDS = [
  'id',
  'source',
  'type',
  'ignored',
  'project',
  'stage',
  'sequence',
  'service',
  'correlationid',
  'message',
  'key',
  'value',
  'timer',
] as const;
type Texts = Record<(typeof FIELDS)[number], string>;

/** No store has to take any of this from outside: it must be safe when something in front of it has a hole. */
export function hostileClaims(fixture: Fixture): void {
  let runs = 0;

  test('every control character in every field stays in its field, and its neighbours get their own verdicts', async () => {
    const store = await fixture.store();
    const all = FIELDS.map(() => HOSTILE);
    // One character of each column at a time: every character is in every field once.
    for (let at = 0; at < HOSTILE.length; at += 1) {
      const texts = all.map((chars, field) => `a${chars[(at + field * 7) % HOSTILE.length] ?? ''}z`);
      await staysInItsFields(store, textsOf(texts), runs++);
    }
  });

  test('whatever texts of control characters the fields hold, a batch is written as it was given', async () => {
    const store = await fixture.store();
    const text = fc.string({ unit: fc.constantFrom(...HOSTILE, 'a', 'é', '🚀'), minLength: 1, maxLength: 12 });
    const texts = fc.array(text, { minLength: FIELDS.length, maxLength: FIELDS.length }).map(textsOf);
    await fc.assert(
      fc.asyncProperty(texts, (given) => staysInItsFields(store, given, runs++)),
      { numRuns: 40 },
    );
  });

  test('a label whose key holds = is told from one whose value does', async () => {
    const store = await fixture.store();
    await store.commit([firstOf('key', { labels: { 'a=b': 'c' } }), firstOf('value', { labels: { a: 'b=c' } })]);
    const { items } = await store.listRuns({ labels: { 'a=b': 'c' }, limit: 10 });
    expect(items.map(({ id }) => id)).toEqual(['key']);
    const others = await store.listRuns({ labels: { a: 'b=c' }, limit: 10 });
    expect(others.items.map(({ id }) => id)).toEqual(['value']);
  });
}

function textsOf(texts: readonly string[]): Texts {
  return Object.fromEntries(FIELDS.map((field, index) => [field, texts[index] ?? 'x'])) as Texts;
}

async function staysInItsFields(store: Store, texts: Texts, number: number): Promise<void> {
  const [before, after] = [`before${number}`, `after${number}`];
  const hostile = hostileItem(`run${number}`, texts);
  const taken = firstOf(`taken${number}`);
  await store.commit([taken]);
  const results = await store.commit([firstOf(before), hostile, taken, firstOf(after)]);
  expect(outcomes(results)).toBe('committed committed conflict committed');
  const { stream, seq, at, header, events, summary } = hostile;
  expect(await store.read(stream)).toEqual([{ stream, seq, at, header, events }]);
  expect(await store.getRun(stream)).toEqual(summary);
  expect(await store.read(before)).toHaveLength(1);
  expect(await store.read(after)).toHaveLength(1);
  const listed = await store.listEvents({ run: stream, order: 'oldest', limit: 10 });
  expect(listed.items.map(({ source, type, ignored, project }) => ({ source, type, ignored, project }))).toEqual([
    { source: texts.source, type: texts.type, ignored: texts.ignored, project: texts.project },
    { source: texts.source, type: texts.type, ignored: undefined, project: texts.project },
  ]);
  const due = await store.dueTimers({ before: NOON + 1, limit: 1000 });
  expect(due.filter((timer) => timer.stream === stream)).toEqual(hostile.timersPut);
  await store.deleteTimers(hostile.timersPut);
}

function hostileItem(run: string, texts: Texts): CommitItem {
  const { id, source, type, ignored, project, stage, sequence, service, correlationid, message, key, value } = texts;
  const summary = { project, stage, sequence, service, correlationid, message, labels: { [key]: value } };
  const told = [
    { id, source, type, direction: 'in', ignored },
    { id: `${id}2`, source, type, direction: 'out' },
  ] as const;
  const timer = { stream: run, name: texts.timer, dueAt: NOON };
  return firstOf(run, summary, { told, timersPut: [timer], header: JSON.stringify({ text: texts.message }) });
}
