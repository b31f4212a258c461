import { isObject, ownValue } from '@slipway/contract';
import type { Case } from '../case.ts';
import { check } from '../mismatch.ts';
import { dataOf, resultOf, statusOf, type World } from '../world.ts';

const KB = 1024;
const MANY = 40;
const MANY_MS = 60_000;

function large(world: World, characters: number): unknown {
  const { good } = world.file.inputs;
  const member = world.file.largeMember ?? '';
  return isObject(good) ? { ...good, [member]: 'x'.repeat(characters) } : good;
}

export const largeCases: readonly Case[] = [
  {
    id: 'large-input',
    group: 'large data',
    title: 'an input of 900 KB is done',
    needsLargeMember: true,
    run: async (world) => {
      const data = dataOf((await world.do(large(world, 900 * KB))).event);
      check(statusOf(data) === 'succeeded', 'status succeeded', data);
    },
  },
  {
    id: 'large-input-5mb',
    group: 'large data',
    title: 'an input of 5 MB is done: over HTTP events are whole',
    needsLargeMember: true,
    over: ['claim', 'push'],
    run: async (world) => {
      const data = dataOf((await world.do(large(world, 5 * KB * KB))).event);
      check(statusOf(data) === 'succeeded', 'status succeeded', data);
    },
  },
  {
    id: 'large-by-reference',
    group: 'large data',
    title: 'data that a trigger names by dataref are fetched',
    needsLargeMember: true,
    over: ['nats'],
    run: async (world) => {
      const { data, ...event } = world.trigger(large(world, 3 * KB * KB));
      const dataref = `/v1/data/kit-${event.id}`;
      world.plane.data.set(dataref, JSON.stringify(data));
      world.offer({ ...event, dataref, data: { project: 'default', stage: 'dev' } });
      const answer = dataOf((await world.finished(event)).event);
      check(world.plane.fetched.includes(dataref), `GET ${dataref}`, world.plane.fetched);
      check(statusOf(answer) === 'succeeded', 'status succeeded', answer);
    },
  },
  {
    id: 'large-output',
    group: 'large data',
    title: 'an output of more than 1 MB goes by POST /v1/data and dataref',
    needs: ['largeOutput'],
    run: async (world) => {
      const { event } = await world.do(world.input('largeOutput'));
      const stored = world.plane.data.get(String(event.dataref));
      check(stored !== undefined, 'a dataref that POST /v1/data has given', { ...event, data: undefined });
      const whole: unknown = JSON.parse(stored);
      check(
        isObject(whole) && ownValue(whole, world.task) !== undefined,
        `data with the output of ${world.task}`,
        stored,
      );
    },
  },
  {
    id: 'large-output-words',
    group: 'large data',
    title: 'status and result stay in the event whose data are stored',
    needs: ['largeOutput'],
    run: async (world) => {
      const data = dataOf((await world.do(world.input('largeOutput'))).event);
      check(statusOf(data) === 'succeeded' && resultOf(data) === 'pass', 'succeeded and pass', data);
    },
  },
];

export const concurrencyCases: readonly Case[] = [
  {
    id: 'many-at-once',
    group: 'concurrency',
    title: `${MANY} attempts at once are each answered, once`,
    run: async (world) => {
      const events = Array.from({ length: MANY }, () => world.trigger(world.input('good')));
      world.offer(...events);
      for (const event of events) await world.finished(event, MANY_MS);
      await world.pause(300);
      for (const event of events) {
        const ids = world.plane.answers.finished(event.id).map((one) => one.event.id);
        check(new Set(ids).size === 1, 'one finished event for each', ids);
      }
    },
  },
  {
    id: 'many-own',
    group: 'concurrency',
    title: 'each of many answers belongs to its own attempt',
    run: async (world) => {
      const events = Array.from({ length: 12 }, (_, n) =>
        world.trigger(world.input('good'), { correlationid: `context-${n}`, data: { service: `service-${n}` } }),
      );
      world.offer(...events);
      for (const [n, event] of events.entries()) {
        const { event: answer } = await world.finished(event, MANY_MS);
        const { service = `service-${n}` } = dataOf(answer);
        check(service === `service-${n}`, `service-${n}`, answer);
        const { correlationid = `context-${n}` } = answer;
        check(correlationid === `context-${n}`, `context-${n}`, answer);
      }
    },
  },
  {
    id: 'many-mixed',
    group: 'concurrency',
    title: 'errors among many attempts do not touch the others',
    needs: ['failing'],
    run: async (world) => {
      const events = Array.from({ length: 12 }, (_, n) => world.trigger(world.input(n % 3 === 0 ? 'failing' : 'good')));
      world.offer(...events);
      for (const [n, event] of events.entries()) {
        const data = dataOf((await world.finished(event, MANY_MS)).event);
        const wanted = n % 3 === 0 ? 'errored' : 'succeeded';
        check(statusOf(data) === wanted, `status ${wanted} of attempt ${n}`, data);
      }
    },
  },
  {
    id: 'many-side-by-side',
    group: 'concurrency',
    title: 'two slow attempts run side by side',
    needs: ['slow'],
    advice: true,
    run: async (world) => {
      const started = performance.now();
      const one = await world.do(world.input('slow'));
      const oneMs = one.at - started;
      const began = performance.now();
      const events = [world.trigger(world.input('slow')), world.trigger(world.input('slow'))];
      world.offer(...events);
      const ends = await Promise.all(events.map((event) => world.finished(event)));
      const bothMs = Math.max(...ends.map(({ at }) => at)) - began;
      check(bothMs < 1.8 * oneMs, `both in less than ${Math.round(1.8 * oneMs)} ms`, `${Math.round(bothMs)} ms`);
    },
  },
  {
    id: 'many-not-blocked',
    group: 'concurrency',
    title: 'a slow attempt does not hold up a quick one',
    needs: ['slow'],
    advice: true,
    run: async (world) => {
      const slow = world.trigger(world.input('slow'));
      await world.taken(slow);
      const quick = await world.do(world.input('good'));
      const { at } = await world.finished(slow);
      check(quick.at < at, 'the quick answer first', world.came());
    },
  },
];
