import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  emptyGroup,
  foldGroup,
  type Group,
  type GroupInput,
  type GroupStep,
  transitionGroup,
} from '../../src/engine/index.ts';
import { decodeGroupEntry, encodeGroupEntry } from '../../src/runtime/entry.ts';
import { deepFreeze } from './histories.ts';

/** A concurrency group, whatever it is told and however often. */
const input: fc.Arbitrary<GroupInput> = fc.oneof(
  fc.record({
    kind: fc.constant('enqueue' as const),
    at: fc.nat({ max: 1000 }),
    run: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    acceptedAt: fc.nat({ max: 3 }),
    limit: fc.constantFrom(1, 1, 2, 3),
    policy: fc.constantFrom('queue', 'queue', 'reject'),
  }),
  fc.record({
    kind: fc.constant('release' as const),
    at: fc.nat({ max: 1000 }),
    run: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  }),
);

type Look = (moment: { before: Group; one: GroupInput; step: GroupStep }) => void;

function always(look: Look): void {
  fc.assert(
    fc.property(fc.array(input, { maxLength: 40, size: 'max' }), (inputs) => {
      let group = emptyGroup('drawn');
      for (const one of inputs) {
        const step = transitionGroup(deepFreeze(group), one);
        look({ before: group, one, step });
        group = step.group;
      }
    }),
    { numRuns: Number(process.env.ENGINE_RUNS ?? 400) },
  );
}

test('lets in no more than its limit, and nobody twice', () => {
  always(({ before, step: { group } }) => {
    expect(group.holders.length).toBeLessThanOrEqual(Math.max(group.limit, before.holders.length));
    const all = [...group.holders, ...group.queue.map((one) => one.run)];
    expect(new Set(all).size).toBe(all.length);
  });
});

test('keeps nobody waiting while there is room', () => {
  always(({ step: { group } }) => {
    expect(group.queue.length === 0 || group.holders.length >= group.limit).toBe(true);
  });
});

test('lets in who was accepted first', () => {
  always(({ before, step: { group } }) => {
    const times = group.queue.map((one) => one.acceptedAt);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const left = before.queue.filter(({ run }) => group.holders.includes(run));
    expect(left).toEqual(
      before.queue.filter(({ run }) => !group.queue.some((one) => one.run === run)).slice(0, left.length),
    );
  });
});

test('tells each whom it lets in, and a holder who asks again that he is one', () => {
  always(({ before, one, step }) => {
    const fresh = step.group.holders.filter((run) => !before.holders.includes(run));
    const granted = step.sends.filter((send) => send.input.kind === 'granted').map((send) => send.run);
    expect(granted).toEqual(one.kind === 'enqueue' && before.holders.includes(one.run) ? [one.run] : fresh);
    for (const { run, input } of step.sends) if (input.kind === 'rejected') expect(run).toBe(one.run);
  });
});

test('changes nothing by a repeat', () => {
  always(({ one, step }) => {
    const again = transitionGroup(step.group, one);
    expect([again.changed, again.group]).toEqual([false, step.group]);
  });
});

test('is folded from anywhere to the same, however many inputs at once', () => {
  fc.assert(
    fc.property(fc.array(input, { maxLength: 40, size: 'max' }), fc.nat(), (inputs, part) => {
      const half = inputs.length === 0 ? 0 : part % inputs.length;
      let group = emptyGroup('drawn');
      for (const one of inputs) group = transitionGroup(group, one).group;
      const before = deepFreeze(foldGroup(emptyGroup('drawn'), inputs.slice(0, half)));
      expect(foldGroup(before, inputs.slice(half))).toEqual(group);
    }),
    { numRuns: Number(process.env.ENGINE_RUNS ?? 400) },
  );
});

test('set back, the clock puts nobody before those who wait already', () => {
  const DAY_MS = 86_400_000;
  const enqueue = (run: string, at: number): GroupInput => ({
    ...{ kind: 'enqueue', run, at, acceptedAt: at, limit: 1, policy: 'queue' },
  });
  const late = { ...enqueue('late', 3 * DAY_MS + 900), acceptedAt: 3 * DAY_MS + 100 };
  const inputs = [
    ...[enqueue('z', 3 * DAY_MS), enqueue('y', 3 * DAY_MS + 500), late],
    ...[enqueue('c', 2 * DAY_MS), enqueue('b', 2 * DAY_MS + 1), enqueue('a', 3 * DAY_MS + 1000)],
  ];
  const { holders, queue } = foldGroup(emptyGroup('set-back'), inputs);
  expect([...holders, ...queue.map(({ run }) => run)]).toEqual(['z', 'late', 'y', 'c', 'b', 'a']);
});

test('is what the fold of its journal is', () => {
  let folded = emptyGroup('drawn');
  always(({ before, one, step }) => {
    if (before.holders.length + before.queue.length === 0) folded = before;
    if (step.changed) {
      const entry = { stream: 'group:drawn', seq: 1, at: 0, header: encodeGroupEntry([one]), events: [] };
      folded = foldGroup(folded, decodeGroupEntry(entry));
    }
    expect(folded).toEqual(step.group);
  });
});
