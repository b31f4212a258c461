import type { RunView } from '@slipway/contract';
import { describe, expect, test } from 'vitest';
import { createPaint, shown } from '../src/output/paint.ts';
import { runChanges } from '../src/progress/run-changes.ts';
import { runFrame } from '../src/progress/run-frame.ts';
import { exitCodeOf, resultLines } from '../src/progress/run-result.ts';
import { attemptView, runView, T0, taskView } from './views.ts';

const paint = createPaint(false);

const CARET = 'No such key: url\n>    1 | tasks.deploy.output.url\n             ^';

const triggered = runView({
  tasks: [taskView('build', { state: 'open', attempts: [attemptView({})] }), taskView('deploy', {})],
});
const working = runView({
  updatedAt: T0 + 900,
  tasks: [
    taskView('build', {
      state: 'open',
      attempts: [
        attemptView({
          startedAt: T0 + 100,
          executors: [
            {
              source: '/build/1',
              way: 'claim',
              startedAt: T0 + 100,
              lastSeenAt: T0 + 900,
              fraction: 0.4,
              message: 'links',
            },
          ],
        }),
      ],
    }),
    taskView('deploy', {}),
  ],
});
const finished = runView({
  state: 'finished',
  phase: 'failed',
  result: 'fail',
  status: 'errored',
  message: 'the build broke',
  finishedAt: T0 + 2000,
  updatedAt: T0 + 2000,
  tasks: [
    taskView('build', {
      state: 'finished',
      result: 'fail',
      attempts: [
        attemptView({
          state: 'finished',
          result: 'fail',
          startedAt: T0 + 100,
          endedAt: T0 + 1900,
          message: 'no such symbol',
          executors: [{ source: '/build/1', way: 'claim', startedAt: T0 + 100, finishedAt: T0 + 1900 }],
        }),
      ],
    }),
    taskView('deploy', { state: 'skipped' }),
  ],
});

describe('into a pipe, a line for each change', () => {
  test('with the time since the run was accepted, and nothing twice', () => {
    expect([
      ...runChanges(undefined, triggered),
      ...runChanges(triggered, working),
      ...runChanges(working, working),
      ...runChanges(working, finished),
    ]).toEqual([
      '  +0.000s  dev.authenticity  accepted as run r1, context c1',
      '  +0.000s  build             triggered',
      '  +0.100s  build             started by /build/1',
      '  +0.900s  build             40 % links',
      '  +1.900s  build             fail in 1.9 s: no such symbol',
      '  +2.000s  deploy            skipped',
      '  +2.000s  dev.authenticity  finished: fail (errored) in 2.0 s: the build broke',
    ]);
  });

  test('a look that comes late tells everything it missed, in order', () => {
    const lines = runChanges(undefined, finished).map((line) => line.slice(0, 9).trim());
    expect(lines).toEqual(['+0.000s', '+0.000s', '+0.100s', '+1.900s', '+2.000s', '+2.000s']);
  });

  test('a retry says when and which attempt', () => {
    const lost = attemptView({ state: 'timed-out', endedAt: T0 + 1000 });
    const delayed = runView({
      updatedAt: T0 + 1000,
      tasks: [taskView('build', { state: 'delayed', dueAt: T0 + 3000, attemptsMax: 3, attempts: [lost] })],
    });
    const again = runView({
      updatedAt: T0 + 3000,
      tasks: [
        taskView('build', {
          state: 'open',
          attemptsMax: 3,
          attempts: [lost, attemptView({ id: 'r1.build.2', number: 2, triggeredAt: T0 + 3000 })],
        }),
      ],
    });
    expect([...runChanges(triggered, delayed), ...runChanges(delayed, again)].map((line) => line.slice(29))).toEqual([
      'timed-out in 1.0 s',
      'tries again in 2.0 s',
      'triggered, attempt 2 of 3',
    ]);
  });

  test.each<[Partial<RunView>, string]>([
    [{ state: 'waiting' }, 'waits for another run of its concurrency group'],
    [{ state: 'paused' }, 'paused'],
    [{ state: 'parked', parkedReason: 'task 7 does not exist' }, 'parked: task 7 does not exist'],
  ])('%j', (over, said) => {
    expect(runChanges(runView({}), runView(over)).join('\n')).toContain(said);
  });

  test('a service cannot command the terminal with its message', () => {
    const evil = runView({ ...finished, message: '\u001b[2J' });
    expect(runChanges(undefined, evil).map(shown).join('')).not.toContain('\u001b');
  });
});

describe('a message of several lines', () => {
  const broken = runView({
    ...{ state: 'finished', result: 'fail', status: 'errored', message: CARET, finishedAt: T0 + 2000 },
    tasks: [
      taskView('build', {
        ...{ state: 'finished', result: 'fail' },
        attempts: [attemptView({ state: 'finished', result: 'fail', endedAt: T0 + 1900, message: CARET })],
      }),
    ],
  });

  test('is told by its first line where there is one line', () => {
    expect(runChanges(undefined, broken).slice(-2)).toEqual([
      '  +1.900s  build             fail in 1.9 s: No such key: url',
      '  +2.000s  dev.authenticity  finished: fail (errored) in 2.0 s: No such key: url',
    ]);
    expect(runFrame(broken, { now: T0 + 2000, paint })[1]).toMatch(/ No such key: url$/);
    const executor = { source: '/build/1', way: 'claim', fraction: 0.4, message: 'links\nall of it' } as const;
    const attempts = [attemptView({ executors: [executor] })];
    const run = runView({ tasks: [taskView('build', { state: 'open', attempts })] });
    expect(runChanges(undefined, run).at(-1)).toMatch(/ 40 % links$/);
    expect(runFrame(run, { now: T0, paint })[1]).toMatch(/ 40 %, links, \/build\/1$/);
  });

  test('is printed as it is with the result, its lines below each other', () => {
    const [, ...message] = resultLines(broken, paint);
    expect(message).toEqual([
      'Message: No such key: url',
      '         >    1 | tasks.deploy.output.url',
      '                      ^',
    ]);
    const parked = runView({ state: 'parked', parkedReason: 'it broke\n\u001b[2J' });
    expect(resultLines(parked, paint).map(shown)).toEqual([
      'parked: it broke',
      '        \\u001b[2J',
      '  slipway why r1',
    ]);
  });
});

describe('on a terminal, the run as it is', () => {
  const frame = (run: RunView, now: number) => runFrame(run, { now, paint });

  test('who works, how far, and since when', () => {
    expect(frame(working, T0 + 1500)).toEqual([
      expect.stringContaining('dev.authenticity  Working  1.5 s  harbour, project photos, run r1'),
      expect.stringMatching(/^ {2}\S build +running +1\.5 s +40 %, links, \/build\/1$/),
      expect.stringMatching(/^ {2}· deploy +pending$/),
    ]);
  });

  test('nobody there is said as long as nobody is there', () => {
    expect(frame(triggered, T0)[1]).toContain("waiting for a service that does 'build'");
  });

  test('a failure shows its reason', () => {
    expect(frame(finished, T0 + 9999)[0]).toContain('✗ dev.authenticity  Failed  2.0 s');
    expect(frame(finished, T0 + 9999)[1]).toMatch(/✗ build +fail +1\.9 s +no such symbol/);
  });
});

describe('how it ended', () => {
  test('pass and warning are 0, everything else is 1', () => {
    expect(exitCodeOf(runView({ state: 'finished', result: 'pass' }))).toBe(0);
    expect(exitCodeOf(runView({ state: 'finished', result: 'warning' }))).toBe(0);
    expect(exitCodeOf(finished)).toBe(1);
    expect(exitCodeOf(runView({ state: 'parked' }))).toBe(1);
  });

  test('with its message, its output and what it triggered', () => {
    const next = { run: 'r2', stage: 'prod', sequence: 'publish' };
    const run = { ...finished, output: { score: 0.5 }, triggers: [next] };
    expect(resultLines(run, paint)).toEqual([
      'Result: fail (errored) after 2.0 s',
      'Message: the build broke',
      'Output: {',
      '  "score": 0.5',
      '}',
      'It triggered prod.publish: slipway watch r2',
    ]);
  });
});
