import { isObject, type JsonObject } from '@slipway/contract';
import type { Case } from '../case.ts';
import type { InputName } from '../inputs.ts';
import { check } from '../mismatch.ts';
import { dataOf, resultOf, statusOf, type World } from '../world.ts';

async function errorOf(world: World, name: InputName): Promise<{ data: JsonObject; error: JsonObject }> {
  const data = dataOf((await world.do(world.input(name))).event);
  check(isObject(data.error), 'data.error, an object', data);
  return { data, error: data.error };
}

export const errorCases: readonly Case[] = [
  {
    id: 'error-status',
    group: 'errors',
    title: 'a task that breaks ends as errored and fail',
    needs: ['failing'],
    run: async (world) => {
      const data = dataOf((await world.do(world.input('failing'))).event);
      check(statusOf(data) === 'errored' && resultOf(data) === 'fail', 'status errored and result fail', data);
    },
  },
  {
    id: 'error-code',
    group: 'errors',
    title: 'its error has a code and a message',
    needs: ['failing'],
    run: async (world) => {
      const { error } = await errorOf(world, 'failing');
      check(typeof error.code === 'string' && error.code !== '', 'error.code', error);
      check(typeof error.message === 'string' && error.message !== '', 'error.message', error);
    },
  },
  {
    id: 'error-retryable',
    group: 'errors',
    title: 'an error that a repeat may mend is not said to be final',
    needs: ['failing'],
    run: async (world) => {
      const { error } = await errorOf(world, 'failing');
      check(error.retryable !== false, 'error.retryable true, or absent', error);
    },
  },
  {
    id: 'error-terminal',
    group: 'errors',
    title: 'an error that no repeat can mend says retryable: false',
    needs: ['terminal'],
    run: async (world) => {
      const { error } = await errorOf(world, 'terminal');
      check(error.retryable === false, 'error.retryable false', error);
    },
  },
  {
    id: 'error-retry-after',
    group: 'errors',
    title: 'an error that knows when to try again says so in retryAfterMs',
    needs: ['retryAfter'],
    run: async (world) => {
      const { error } = await errorOf(world, 'retryAfter');
      check(typeof error.retryAfterMs === 'number' && error.retryAfterMs > 0, 'error.retryAfterMs, a number', error);
    },
  },
  {
    id: 'error-warning',
    group: 'errors',
    title: 'a warning is succeeded with result warning',
    needs: ['warning'],
    run: async (world) => {
      const data = dataOf((await world.do(world.input('warning'))).event);
      check(statusOf(data) === 'succeeded' && data.result === 'warning', 'succeeded and warning', data);
    },
  },
  {
    id: 'error-fail',
    group: 'errors',
    title: 'a fail that the work found is status succeeded with result fail',
    needs: ['fail'],
    run: async (world) => {
      const data = dataOf((await world.do(world.input('fail'))).event);
      check(statusOf(data) === 'succeeded' && data.result === 'fail', 'succeeded and fail', data);
    },
  },
  {
    id: 'error-goes-on',
    group: 'errors',
    title: 'after an error the next attempt is done',
    needs: ['failing'],
    run: async (world) => {
      for (let n = 0; n < 3; n++) await world.do(world.input('failing'));
      await world.stillServes();
    },
  },
];

/** The control plane takes events of at most 64 levels. */
const DEPTH = 50;

function nested(depth: number): unknown {
  let value: unknown = 'the bottom';
  for (let level = 0; level < depth; level++) value = { in: value };
  return value;
}

/** An input of this kind is answered, whatever the answer says, and the service goes on. */
function survives(id: string, title: string, input: (world: World) => unknown): Case {
  return {
    id,
    group: 'wrong input',
    title,
    run: async (world) => {
      await world.do(input(world));
      await world.stillServes();
    },
  };
}

export const inputCases: readonly Case[] = [
  {
    id: 'input-wrong',
    group: 'wrong input',
    title: 'an input that does not fit ends as errored',
    needs: ['wrong'],
    run: async (world) => {
      const data = dataOf((await world.do(world.input('wrong'))).event);
      check(statusOf(data) === 'errored', 'status errored', data);
    },
  },
  {
    id: 'input-final',
    group: 'wrong input',
    title: 'it is not to be tried again: no repeat makes it fit',
    needs: ['wrong'],
    run: async (world) => {
      const { error } = await errorOf(world, 'wrong');
      check(error.retryable === false, 'error.retryable false', error);
    },
  },
  {
    id: 'input-named',
    group: 'wrong input',
    title: 'its message names the fault',
    needs: ['wrong'],
    run: async (world) => {
      const { data, error } = await errorOf(world, 'wrong');
      const message = data.message ?? error.message;
      check(typeof message === 'string' && message.length > 3, 'a message', data);
    },
  },
  {
    id: 'input-absent',
    group: 'wrong input',
    title: 'an attempt without an input is answered',
    run: async (world) => {
      const event = world.trigger(undefined);
      world.offer(event);
      await world.finished(event);
      await world.stillServes();
    },
  },
  survives('input-null', 'null as input is answered', () => null),
  survives('input-list', 'a list as input is answered', () => [1, 2]),
  survives('input-text', 'a text as input is answered', () => 'text'),
  survives('input-deep', `an input ${DEPTH} levels deep is answered`, () => nested(DEPTH)),
  survives('input-unicode', 'texts beyond ASCII are answered', (world) => {
    const good = world.input('good');
    return isObject(good) ? { ...good, kit: 'ä € 𝄞 \u2028 "quoted" \\ \n' } : good;
  }),
  {
    id: 'input-no-data',
    group: 'wrong input',
    title: 'an event without data is answered',
    over: ['claim', 'push'],
    run: async (world) => {
      const { data: _, ...event } = world.trigger(undefined);
      world.offer(event);
      await world.finished(event);
      await world.stillServes();
    },
  },
  {
    id: 'input-garbage',
    group: 'wrong input',
    title: 'a body that is not an event harms nothing; over push it is refused',
    run: async (world) => {
      check(await world.plane.sendGarbage(), 'a 4xx', 'another answer');
      await world.ready();
      await world.stillServes();
      check(world.invalid.length === 0, 'no answer to it', world.invalid.join('\n'));
    },
  },
];
