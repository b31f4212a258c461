import { runSummarySchema, runViewSchema, whySchema } from '@slipway/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Env, OutEvent, Run, RunInput } from '../../src/engine/index.ts';
import { finalEffects, openDispatches, transition } from '../../src/engine/index.ts';
import { runView, summarize, whyOf } from '../../src/projection/index.ts';
import { decodeRunEntry, encodeRunEntry } from '../../src/runtime/entry.ts';
import { deepFreeze, firstTold, type History, history, play } from './histories.ts';

/** `npm test` draws so many histories for each property; more with ENGINE_RUNS. */
const RUNS = Number(process.env.ENGINE_RUNS ?? 400);
const always = (holds: (drawn: History) => void, numRuns = RUNS): void =>
  fc.assert(fc.property(history, holds), { numRuns });
/** As it is after a restart. */
const kept = <T>(value: T): T => (value === undefined ? value : JSON.parse(JSON.stringify(value)));

describe('whatever arrives at whatever state', () => {
  test('is decided: nothing throws, and nothing that was given is written to', () => {
    always((drawn) => {
      const seen: RunInput[] = [];
      const states: { run: Run | undefined; env: Env }[] = [];
      play(drawn, ({ before, input, env }) => {
        seen.push(input);
        states.push({ run: before, env });
      });
      // Each input at each state that the run was in, not only at its own.
      for (const { run, env } of states) {
        for (const input of seen) expect(transition(deepFreeze(run), input, env).effects).toBeInstanceOf(Array);
      }
    }, RUNS / 4);
  });

  test('that does not apply leaves the run as it is and tells nothing new', () => {
    always((drawn) => {
      play(drawn, ({ before, step }) => {
        const { outcome } = step;
        if (outcome.kind === 'applied') return;
        if (outcome.kind !== 'ignored') expect(step.run).toBe(before);
        else if (before !== undefined && step.run !== undefined) {
          expect(step.run.ignored.length).toBeLessThanOrEqual(20);
          expect({ ...step.run, ignored: [] }).toEqual({ ...before, ignored: [] });
        }
        expect(firstTold(step)).toEqual([]);
        for (const effect of step.effects) expect(['publish', 'send']).toContain(effect.kind);
      });
    });
  });

  test('a second time changes nothing more, and tells nothing new', () => {
    always((drawn) => {
      play(drawn, ({ input, step, env }) => {
        const again = transition(step.run, input, env);
        expect(kept(again.run)).toEqual(kept(step.run));
        expect(firstTold(again)).toEqual([]);
      });
    });
  });
});

test('a finished run stays as it ended, opens nothing and leaves no timer that has something to do', () => {
  always((drawn) => {
    const timers = new Set<string>();
    play(drawn, ({ before, input, step: { run, effects } }) => {
      if (input.kind === 'timer') timers.delete(input.name);
      for (const effect of effects) {
        if (effect.kind === 'schedule') timers.add(effect.name);
        if (effect.kind === 'unschedule') timers.delete(effect.name);
      }
      if (run?.kind !== 'finished') {
        expect(before?.kind).not.toBe('finished');
        return;
      }
      // A heartbeat's timer fires once more, into nothing.
      expect([...timers].filter((name) => !name.startsWith('heartbeat/'))).toEqual([]);
      for (const node of Object.values(run.nodes)) expect(['finished', 'skipped', 'cancelled']).toContain(node.state);
      if (before?.kind === 'finished') expect({ ...run, ignored: [] }).toEqual({ ...before, ignored: [] });
    });
  });
});

test('a fold that changes the run where it is ends with the same as one that copies', () => {
  always((drawn) => {
    let owned: Run | undefined;
    play(drawn, ({ input, step, env }) => {
      owned = transition(owned, input, { ...env, ownsRun: true }).run;
      expect(owned).toEqual(step.run);
    });
  });
});

test('the fold of the journal is the state that made it', () => {
  always((drawn) => {
    const happened = play(drawn);
    const env = happened[0]?.env;
    let folded: Run | undefined;
    let seq = 0;
    for (const { before, input, step } of happened) {
      if (step.outcome.kind !== 'applied' && step.run === before) continue;
      const ignored = step.outcome.kind === 'ignored' ? step.outcome.code : undefined;
      const { header, events } = encodeRunEntry([{ input, ignored }], firstTold(step), 'slipway');
      seq++;
      for (const read of decodeRunEntry({ stream: 's', seq, at: 0, header, events }))
        if (env !== undefined) folded = transition(kept(folded), read, env).run;
      expect(kept(folded)).toEqual(kept(step.run));
    }
  });
});

test('no timer does anything before its time', () => {
  always((drawn) => {
    play(drawn, ({ before, input, step, env }) => {
      if (input.kind !== 'timer' || before === undefined) return;
      const dueAt = dueOf(before, input.name, env);
      if (dueAt !== undefined && input.at >= dueAt) return;
      expect(kept(step.run)).toEqual(kept(before));
      expect(firstTold(step)).toEqual([]);
    });
  });
});

test('no id is told for two things, and what is told again is the same to the byte', () => {
  always((drawn) => {
    const told = new Map<string, string>();
    const tell = (event: OutEvent, isNew: boolean): void => {
      if (isNew) expect(told.has(event.id), event.id).toBe(false);
      else expect([event.id, event.json]).toEqual([event.id, told.get(event.id)]);
      told.set(event.id, event.json);
    };
    const numbers = new Map<string, number>();
    play(drawn, ({ step, env }) => {
      for (const effect of step.effects) {
        if (effect.kind !== 'publish') continue;
        tell(effect.event, !effect.again);
        const { dispatch } = effect.event;
        if (dispatch === undefined || effect.again) continue;
        expect(dispatch.attempt).toBe((numbers.get(dispatch.task) ?? 0) + 1);
        numbers.set(dispatch.task, dispatch.attempt);
      }
      for (const effect of toldAgain(step.run, env)) tell(effect, false);
    });
  });
});

test('an attempt that is open was told, and one that was told is open or over', () => {
  always((drawn) => {
    const told = new Set<string>();
    play(drawn, ({ step: { run }, step }) => {
      for (const event of firstTold(step)) if (event.dispatch !== undefined) told.add(event.id);
      const known = Object.entries(run?.nodes ?? {}).flatMap(([task, node]) => [
        ...node.attempts.map((attempt) => `${run?.id}.${task}.${attempt.number}`),
        ...(node.state === 'open' ? [`${run?.id}.${task}.${node.attempt.number}`] : []),
      ]);
      expect(known.toSorted()).toEqual([...told].toSorted());
    });
  });
});

test('a paused run triggers nothing, a waiting one has not begun, an open one that is not paused has something to do', () => {
  always((drawn) => {
    play(drawn, ({ before, step: { run }, step }) => {
      if (run === undefined || run.parked !== undefined) return;
      const states = Object.values(run.nodes).map((node) => node.state);
      if (run.kind === 'waiting') expect(new Set(states)).toEqual(new Set(['pending']));
      if (run.kind !== 'open') return;
      if (run.paused && before?.kind === 'open' && before.paused)
        expect(firstTold(step).filter((event) => event.dispatch !== undefined)).toEqual([]);
      const busy = states.some((state) => state === 'open' || state === 'delayed');
      expect(busy || (run.paused && states.includes('pending'))).toBe(true);
    });
  });
});

test('every state can be shown', () => {
  always((drawn) => {
    play(drawn, ({ step: { run }, input: { at }, env: { sequence } }) => {
      if (run === undefined) return;
      runSummarySchema.parse(kept(summarize(run, sequence, at)));
      runViewSchema.parse(kept(runView(run, { sequence, at, runIdOfTrigger: (id) => id })));
      const group = { holders: [], place: 1 };
      const why = whyOf(run, { sequence, at, group, isServed: () => false, hintFor: () => 'curl' });
      expect(whySchema.parse(kept(why)).reasons.length).toBeGreaterThan(0);
    });
  });
});

test('the histories are worth it: they reach what they are about', () => {
  const reached = new Map<string, number>();
  const note = (what: string): void => void reached.set(what, (reached.get(what) ?? 0) + 1);
  fc.assert(
    fc.property(history, (drawn) => {
      play(drawn, ({ input, step: { run, outcome } }) => {
        note(`${input.kind === 'command' ? input.command : input.kind} ${outcome.kind}`);
        for (const node of Object.values(run?.nodes ?? {})) {
          for (const attempt of node.attempts) note(`attempt ${attempt.outcome}`);
          if (node.state === 'skipped') note(`skipped ${node.reason}`);
          if (node.state === 'finished' && node.published) note('published');
        }
        if (run?.kind === 'open' && run.main !== undefined) note('in finally');
        if (run?.kind === 'finished') note(`run ${run.result} ${run.status}`);
      });
    }),
    { numRuns: 400, seed: 1 },
  );
  const wanted = [
    ...['trigger applied', 'trigger duplicate', 'trigger ignored', 'granted applied', 'granted duplicate'],
    ...['rejected applied', 'answer applied', 'answer duplicate', 'answer ignored', 'timer applied', 'timer duplicate'],
    ...['lease-lost applied', 'undeliverable applied', 'pause applied', 'resume applied', 'resume refused'],
    ...['abort applied', 'abort refused', 'park applied', 'attempt finished', 'attempt failed', 'attempt timed-out'],
    ...['attempt lost', 'attempt cancelled', 'run pass succeeded', 'run warning succeeded', 'run fail errored'],
    ...['run fail succeeded', 'run pass aborted', 'run fail aborted', 'published', 'in finally', 'continue duplicate'],
    ...['skipped when', 'skipped not-taken', 'skipped after-failure'],
  ];
  expect(wanted.filter((what) => (reached.get(what) ?? 0) < 5)).toEqual([]);
});

/** All that a restart would tell of this state. */
function toldAgain(run: Run | undefined, env: Env): OutEvent[] {
  if (run?.kind === 'open') return openDispatches(run, env).map((one) => one.effect.event);
  if (run?.kind !== 'finished') return [];
  return finalEffects(run, env).flatMap((effect) => (effect.kind === 'publish' ? [effect.event] : []));
}

/** When a timer may do something, by the plan and the state: written down a second time. */
function dueOf(run: Run, name: string, env: Env): number | undefined {
  if (run.kind !== 'open') return undefined;
  if (name.split('/')[0] === 'run-timeout') return run.main === undefined ? run.deadlineAt : undefined;
  if (name === 'finally-timeout') return run.main === undefined ? undefined : run.deadlineAt;
  const [what, key = '', number] = name.split('/');
  const task = env.sequence?.tasks.find((one) => one.key === key);
  const node = run.nodes[key];
  if (node?.state === 'delayed') return what === 'begin' && `${node.nextAttempt}` === number ? node.dueAt : undefined;
  if (node?.state !== 'open' || `${node.attempt.number}` !== number) return undefined;
  const { triggeredAt, startedAt, executors } = node.attempt;
  const plus = (from: number | undefined, ms: number | undefined): number | undefined =>
    from === undefined || ms === undefined ? undefined : from + ms;
  if (what === 'start-timeout') return startedAt === undefined ? plus(triggeredAt, task?.startTimeoutMs) : undefined;
  if (what === 'timeout') return plus(startedAt, task?.timeoutMs);
  const silent = Object.values(executors).filter((one) => one.finished === undefined);
  if (what !== 'heartbeat' || silent.length === 0) return undefined;
  return plus(Math.min(...silent.map((one) => one.lastSeenAt)), task?.heartbeatMs);
}
