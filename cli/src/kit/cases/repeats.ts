import { type CloudEvent, isObject, ownValue } from '@slipway/contract';
import type { Case } from '../case.ts';
import { check } from '../mismatch.ts';
import { attemptOf } from '../plane/answers.ts';
import type { Fault } from '../plane/plane.ts';
import { dataOf, statusOf, type World } from '../world.ts';

const AGAIN_MS = 15_000;
const HTTP = ['claim', 'push'] as const;

/** The first POSTs of an answer meet a fault; then it must come again. */
function comesAgain(id: string, title: string, fault: Fault, times = 1): Case {
  return {
    id,
    group: 'repeats',
    title,
    over: ['claim'],
    run: async (world) => {
      const event = world.trigger(world.input('good'));
      const ids = failFirst(world, event, fault, times);
      world.offer(event);
      await world.finished(event, AGAIN_MS);
      await world.until('the answer comes again', () => ids.length > times, AGAIN_MS);
      check(new Set(ids).size === 1, 'the same event id each time, so that a repeat changes nothing', ids);
      await world.stillServes();
    },
  };
}

/** Progress may come in the same POST, or in one of its own. */
function isFinished(one: CloudEvent, trigger: CloudEvent): boolean {
  return attemptOf(one) === trigger.id && one.type.endsWith('.finished');
}

/** Answers to this attempt fail so many times; gives the ids of those that came. */
function failFirst(world: World, event: CloudEvent, fault: Fault, times: number): string[] {
  const ids: string[] = [];
  world.plane.faultAnswers = (events) => {
    const mine = events.find((one) => isFinished(one, event));
    if (mine === undefined) return undefined;
    ids.push(mine.id);
    return ids.length <= times ? fault : undefined;
  };
  return ids;
}

export const repeatCases: readonly Case[] = [
  {
    id: 'repeat-answered',
    group: 'repeats',
    title: 'an attempt that was answered and comes again is answered again',
    run: async (world) => {
      const first = await world.do(world.input('good'));
      const [event] = world.sent;
      if (event === undefined) return;
      world.offer(event);
      await world.until('a second finished', () => world.plane.answers.finished(event.id).length > 1, AGAIN_MS);
      const [, again] = world.plane.answers.finished(event.id);
      check(statusOf(dataOf(first.event)) === statusOf(dataOf(again?.event ?? event)), 'the same status', world.came());
    },
  },
  {
    id: 'repeat-same-output',
    group: 'repeats',
    title: 'the second answer has the output of the first',
    run: async (world) => {
      const first = await world.do(world.input('good'));
      const [event] = world.sent;
      if (event === undefined) return;
      world.offer(event);
      await world.until('a second finished', () => world.plane.answers.finished(event.id).length > 1, AGAIN_MS);
      const outputs = world.plane.answers
        .finished(event.id)
        .map((one) => JSON.stringify(ownValue(dataOf(one.event), world.task)));
      check(
        new Set(outputs).size === 1,
        JSON.stringify(ownValue(dataOf(first.event), world.task)) ?? 'no output',
        outputs,
      );
    },
  },
  {
    id: 'repeat-same-event',
    group: 'repeats',
    title: 'the second answer is the same event',
    advice: true,
    run: async (world) => {
      const { event: answer } = await world.do(world.input('good'));
      const [event] = world.sent;
      if (event === undefined) return;
      world.offer(event);
      await world.until('a second finished', () => world.plane.answers.finished(event.id).length > 1, AGAIN_MS);
      const ids = world.plane.answers.finished(event.id).map((one) => one.event.id);
      check(new Set(ids).size === 1, `id ${answer.id} again`, ids);
    },
  },
  {
    id: 'repeat-running',
    group: 'repeats',
    title: 'an attempt that comes again while it runs is done once',
    needs: ['slow'],
    run: async (world) => {
      const event = world.trigger(world.input('slow'));
      await world.taken(event);
      world.offer(event);
      await world.finished(event);
      await world.pause(2_500);
      const ids = world.plane.answers.finished(event.id).map((one) => one.event.id);
      check(new Set(ids).size === 1, 'one finished event', world.came());
    },
  },
  comesAgain('repeat-broken', 'an answer whose connection breaks comes again', { kind: 'break' }),
  comesAgain('repeat-lost', 'an answer that was taken and whose response got lost comes again', {
    kind: 'break-after',
  }),
  comesAgain('repeat-500', 'an answer that meets 500 comes again', { kind: 'status', status: 500 }, 2),
  comesAgain('repeat-503', 'an answer that meets 503 with Retry-After comes again', {
    ...{ kind: 'status', status: 503, retryAfterS: 1 },
  }),
  comesAgain('repeat-429', 'an answer that meets 429 comes again', { kind: 'status', status: 429, retryAfterS: 1 }),
  comesAgain('repeat-proxy', 'an answer that meets the 502 of a proxy comes again', {
    ...{ kind: 'status', status: 502, body: '<h1>Bad gateway</h1>' },
  }),
  {
    ...comesAgain('repeat-401', 'an answer whose token is refused is kept: tokens are exchanged while services run', {
      ...{ kind: 'status', status: 401, code: 'unauthorized' },
    }),
    advice: true,
  },
  {
    id: 'repeat-waits',
    group: 'repeats',
    title: 'a service that meets 503 with Retry-After waits for it',
    advice: true,
    over: ['claim'],
    run: async (world) => {
      const event = world.trigger(world.input('good'));
      const at: number[] = [];
      world.plane.faultAnswers = (events) => {
        if (!events.some((one) => isFinished(one, event))) return undefined;
        at.push(performance.now());
        return at.length === 1 ? { kind: 'status', status: 503, retryAfterS: 1 } : undefined;
      };
      world.offer(event);
      await world.finished(event, AGAIN_MS);
      const [first = 0, second = 0] = at;
      check(second - first >= 950, 'at least 1 s between the two', `${Math.round(second - first)} ms`);
    },
  },
  {
    id: 'repeat-late',
    group: 'repeats',
    title: 'an answer that is too late (409) is not sent again and again',
    over: ['claim'],
    run: async (world) => {
      const event = world.trigger(world.input('good'));
      const ids = failFirst(
        world,
        event,
        { kind: 'status', status: 409, code: 'attempt-over' },
        Number.POSITIVE_INFINITY,
      );
      world.offer(event);
      await world.until('an answer', () => ids.length > 0);
      await world.pause(1_500);
      // In a batch that is refused as a whole it may come once more alone.
      check(ids.length <= 2, 'one try', `${ids.length} tries`);
      await world.stillServes();
    },
  },
  {
    id: 'repeat-refused',
    group: 'repeats',
    title: 'an answer that is refused for good (422) is not sent for ever, and the service goes on',
    over: ['claim'],
    run: async (world) => {
      const event = world.trigger(world.input('good'));
      let tries = 0;
      world.plane.faultAnswers = (events) => {
        if (!events.some((one) => isFinished(one, event))) return undefined;
        tries++;
        return { kind: 'status', status: 422, code: 'too-deep' };
      };
      world.offer(event);
      await world.until('it is tried', () => tries > 0);
      await world.pause(1_500);
      check(tries <= 3, 'at most 3 tries (in a batch, alone, and one that says what happened)', `${tries} tries`);
      await world.stillServes();
    },
  },
  {
    id: 'repeat-refused-said',
    group: 'repeats',
    title: 'an answer that is refused for good is replaced by one that says so, so that the run does not wait',
    advice: true,
    over: ['claim'],
    run: async (world) => {
      const event = world.trigger(world.input('good'));
      failFirst(world, event, { kind: 'status', status: 422, code: 'too-deep' }, 1);
      world.offer(event);
      const { event: answer } = await world.finished(event, AGAIN_MS);
      check(isObject(dataOf(answer).error), 'an errored answer instead', answer);
    },
  },
  {
    id: 'repeat-claim-503',
    group: 'repeats',
    title: 'a claim that meets 503 is made again',
    over: ['claim'],
    run: (world) => asksAgain(world, { kind: 'status', status: 503 }),
  },
  {
    id: 'repeat-claim-broken',
    group: 'repeats',
    title: 'a claim whose connection breaks is made again',
    over: ['claim'],
    run: (world) => asksAgain(world, { kind: 'break' }),
  },
  {
    id: 'repeat-claim-proxy',
    group: 'repeats',
    title: 'a claim that meets the 404 of a proxy is made again',
    advice: true,
    over: ['claim'],
    run: (world) => asksAgain(world, { kind: 'status', status: 404, body: '<h1>Not found</h1>' }),
  },
  {
    id: 'repeat-away',
    group: 'repeats',
    title: 'a control plane that goes away and comes back is found again',
    run: async (world) => {
      await world.plane.away(1_500);
      world.offer(world.trigger(world.input('good')));
      const [event] = world.sent;
      if (event !== undefined) await world.finished(event, AGAIN_MS);
    },
  },
  {
    id: 'repeat-away-answer',
    group: 'repeats',
    title: 'an answer outlives a control plane that is away when it is ready',
    needs: ['slow'],
    run: async (world) => {
      const event = world.trigger(world.input('slow'));
      await world.taken(event);
      await world.plane.away(3_500);
      await world.finished(event, AGAIN_MS);
    },
  },
];

async function asksAgain(world: World, fault: Fault): Promise<void> {
  let met = 0;
  world.plane.faultAsks = () => (met++ < 2 ? fault : undefined);
  // Ends the claim that is open.
  await world.stillServes();
  await world.until('more claims', () => met > 2, AGAIN_MS);
  await world.stillServes();
}

export const cancellationCases: readonly Case[] = [
  {
    id: 'cancel-silent',
    group: 'cancellation',
    title: 'an attempt that was cancelled is not answered as succeeded',
    needs: ['slow'],
    over: ['push', 'nats'],
    run: async (world) => {
      const event = world.trigger(world.input('slow'));
      await world.taken(event);
      world.plane.cancel(event);
      await world.pause(4_000);
      const succeeded = world.plane.answers
        .finished(event.id)
        .filter((one) => statusOf(dataOf(one.event)) === 'succeeded');
      check(succeeded.length === 0, 'no answer, or an aborted one', world.came());
      await world.stillServes();
    },
  },
  {
    id: 'cancel-over',
    group: 'cancellation',
    title: 'an attempt that is over by the time of its sign of life sends no answer, and the service goes on',
    needs: ['slow'],
    over: ['claim'],
    run: async (world) => {
      const event = world.trigger(world.input('slow'), { heartbeatms: 300 });
      await world.taken(event);
      world.plane.cancel(event);
      await world.pause(4_000);
      check(world.plane.answers.finished(event.id).length === 0, 'no finished after the 409', world.came());
      await world.stillServes();
    },
  },
  {
    id: 'cancel-quiet',
    group: 'cancellation',
    title: 'after it heard that the attempt is over it sends nothing more of it',
    needs: ['slow'],
    over: HTTP,
    run: async (world) => {
      const event = world.trigger(world.input('slow'), { heartbeatms: 300 });
      await world.taken(event);
      world.plane.cancel(event);
      await world.pause(700);
      const { length } = world.plane.answers.to(event.id);
      await world.pause(1_500);
      const later = world.plane.answers.to(event.id).length - length;
      check(later <= 1, 'at most one more event', `${later} more`);
    },
  },
  {
    id: 'cancel-unknown',
    group: 'cancellation',
    title: 'cancelling an attempt that it does not know harms nothing',
    over: ['push', 'nats'],
    run: async (world) => {
      world.plane.cancel(world.trigger(world.input('good')));
      await world.stillServes();
    },
  },
  {
    id: 'cancel-answered',
    group: 'cancellation',
    title: 'cancelling an attempt that it has answered harms nothing',
    run: async (world) => {
      await world.do(world.input('good'));
      const [event] = world.sent;
      if (event !== undefined) world.plane.cancel(event);
      await world.stillServes();
    },
  },
];
