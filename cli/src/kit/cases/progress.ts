import type { Case } from '../case.ts';
import type { InputName } from '../inputs.ts';
import { check } from '../mismatch.ts';
import type { Received } from '../received.ts';
import { dataOf, type World } from '../world.ts';

/** Short enough to be over while a slow input runs, long enough for a service that is busy. */
const HEARTBEAT_MS = 900;

async function progressOf(world: World, name: InputName, more = {}): Promise<{ told: Received[]; end: Received }> {
  const event = world.trigger(world.input(name), more);
  world.offer(event);
  const end = await world.finished(event);
  return { told: world.plane.answers.to(event.id, 'status.changed'), end };
}

export const progressCases: readonly Case[] = [
  {
    id: 'progress-told',
    group: 'progress',
    title: 'progress is sent as <task>.status.changed, before the answer',
    needs: ['progress'],
    run: async (world) => {
      const { told, end } = await progressOf(world, 'progress');
      check(told.length > 0, 'at least one status.changed', world.came());
      check(
        told.every(({ at }) => at <= end.at),
        'progress before finished',
        world.came(),
      );
    },
  },
  {
    id: 'progress-fraction',
    group: 'progress',
    title: 'fraction is a number from 0 to 1, message a text',
    needs: ['progress'],
    run: async (world) => {
      const { told } = await progressOf(world, 'progress');
      for (const { event } of told) {
        const { fraction = 0, message = '' } = dataOf(event);
        check(typeof fraction === 'number' && fraction >= 0 && fraction <= 1, 'fraction 0 to 1', event);
        check(typeof message === 'string', 'message is a text', event);
      }
      check(
        told.some(({ event }) => dataOf(event).fraction !== undefined),
        'a fraction',
        world.came(),
      );
    },
  },
  {
    id: 'progress-source',
    group: 'progress',
    title: 'progress comes from the source of the answer, each event with an id of its own',
    needs: ['progress'],
    run: async (world) => {
      const { told, end } = await progressOf(world, 'progress');
      check(
        told.every(({ event }) => event.source === end.event.source),
        `source ${end.event.source}`,
        world.came(),
      );
      const ids = [...told, end].map(({ event }) => event.id);
      check(new Set(ids).size === ids.length, 'different ids', ids);
    },
  },
  {
    id: 'progress-none-after',
    group: 'progress',
    title: 'nothing is sent for an attempt after its answer',
    needs: ['progress'],
    run: async (world) => {
      const { end } = await progressOf(world, 'progress');
      await world.pause(1_000);
      const later = world.plane.answers.to(String(end.event.causationid)).filter(({ at }) => at > end.at);
      check(later.length === 0, 'nothing after finished', world.came());
    },
  },
  {
    id: 'progress-heartbeat',
    group: 'progress',
    title: 'a running attempt sends signs of life within the heartbeatms of its trigger',
    needs: ['slow'],
    run: async (world) => {
      const { told } = await progressOf(world, 'slow', { heartbeatms: HEARTBEAT_MS });
      check(told.length > 0, `a status.changed within ${HEARTBEAT_MS} ms`, world.came());
    },
  },
  {
    id: 'progress-no-flood',
    group: 'progress',
    title: 'signs of life are fewer than 20 a second',
    needs: ['slow'],
    run: async (world) => {
      const { told, end } = await progressOf(world, 'slow', { heartbeatms: HEARTBEAT_MS });
      const [first] = told;
      const seconds = first === undefined ? 1 : Math.max(1, (end.at - first.at) / 1000);
      check(told.length <= 20 * seconds, `at most ${Math.ceil(20 * seconds)} events`, `${told.length} events`);
    },
  },
];
