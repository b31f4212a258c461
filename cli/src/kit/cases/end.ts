import type { Case } from '../case.ts';
import { check } from '../mismatch.ts';
import { dataOf, statusOf, type World } from '../world.ts';

const END_MS = 15_000;
const LEAVE_MS = 3_000;

async function endsInOrder(world: World, withinMs = END_MS): Promise<void> {
  const ended = await world.service.ended(withinMs);
  check(ended !== undefined, `the process ends within ${withinMs / 1000} s`, 'it still runs');
  check(ended.code === 0, 'exit code 0', `code ${ended.code}, signal ${ended.signal}; it printed: ${world.output}`);
}

function signalIdle(name: 'SIGTERM' | 'SIGINT'): Case {
  return {
    id: `drain-${name.toLowerCase()}`,
    group: 'drain',
    title: `${name} ends an idle service with exit code 0`,
    ownProcess: true,
    run: async (world) => {
      await world.stillServes();
      world.service.signal(name);
      await endsInOrder(world);
    },
  };
}

export const drainCases: readonly Case[] = [
  signalIdle('SIGTERM'),
  signalIdle('SIGINT'),
  {
    id: 'drain-leaves',
    group: 'drain',
    title: 'after SIGTERM it no longer asks for work',
    ownProcess: true,
    over: ['claim', 'push'],
    run: async (world) => {
      world.service.signal('SIGTERM');
      await world.until('no open claim, no subscription', () => !world.plane.isAsked(), LEAVE_MS);
      await endsInOrder(world);
    },
  },
  {
    id: 'drain-finishes',
    group: 'drain',
    title: 'SIGTERM lets what runs finish and answer',
    needs: ['slow'],
    ownProcess: true,
    run: async (world) => {
      const event = world.trigger(world.input('slow'));
      await world.taken(event);
      world.service.signal('SIGTERM');
      const data = dataOf((await world.finished(event)).event);
      check(statusOf(data) === 'succeeded', 'status succeeded', data);
      const isGivenBack = world.plane.givenBack.has(event.id);
      check(!isGivenBack, 'the subscription is deleted after the last answer', 'deleted before it: the answer is lost');
      await endsInOrder(world);
    },
  },
  {
    id: 'drain-takes-no-more',
    group: 'drain',
    title: 'a trigger after SIGTERM is left to other services',
    needs: ['slow'],
    ownProcess: true,
    run: async (world) => {
      const running = world.trigger(world.input('slow'));
      await world.taken(running);
      world.service.signal('SIGTERM');
      await world.pause(300);
      const late = world.trigger(world.input('good'));
      world.offer(late);
      await endsInOrder(world);
      check(world.plane.answers.to(late.id).length === 0, 'nothing for the late attempt', world.came());
      world.plane.withdraw();
    },
  },
  {
    id: 'drain-answer-survives',
    group: 'drain',
    title: 'an answer that is ready while the control plane is away outlives SIGTERM',
    needs: ['slow'],
    ownProcess: true,
    over: ['claim'],
    run: async (world) => {
      const event = world.trigger(world.input('slow'));
      await world.taken(event);
      const back = world.plane.away(3_000);
      world.service.signal('SIGTERM');
      await back;
      await world.finished(event);
      await endsInOrder(world);
    },
  },
  {
    id: 'drain-second-signal',
    group: 'drain',
    title: 'a second SIGTERM ends it at once',
    needs: ['slow'],
    advice: true,
    ownProcess: true,
    run: async (world) => {
      const event = world.trigger(world.input('slow'));
      await world.taken(event);
      world.service.signal('SIGTERM');
      await world.pause(200);
      world.service.signal('SIGTERM');
      const ended = await world.service.ended(500);
      check(ended !== undefined, 'the end within 0.5 s', 'it still runs');
    },
  },
];

export const restartCases: readonly Case[] = [
  {
    id: 'restart-idle',
    group: 'restart',
    title: 'killed and started again, it serves',
    ownProcess: true,
    run: async (world) => {
      await world.killService();
      await world.ready();
      await world.stillServes();
    },
  },
  {
    id: 'restart-running',
    group: 'restart',
    title: 'an attempt that was running when it was killed is done by the next process',
    needs: ['slow'],
    ownProcess: true,
    run: async (world) => {
      const event = world.trigger(world.input('slow'));
      await world.taken(event);
      await world.killService();
      await world.ready();
      // As the control plane does when the lease is over, or when a service says hello.
      world.plane.offer(event);
      const data = dataOf((await world.finished(event)).event);
      check(statusOf(data) === 'succeeded', 'status succeeded', data);
    },
  },
  {
    id: 'restart-twice',
    group: 'restart',
    title: 'killed twice in a row, it serves',
    ownProcess: true,
    run: async (world) => {
      for (let n = 0; n < 2; n++) {
        await world.killService();
        await world.ready();
      }
      await world.stillServes();
    },
  },
  {
    id: 'restart-early',
    group: 'restart',
    title: 'started before the control plane, it waits for it',
    ownProcess: true,
    over: ['claim', 'push'],
    run: async (world) => {
      await world.killService();
      const back = world.plane.away(2_500);
      const ready = world.ready();
      await back;
      await ready;
      await world.stillServes();
    },
  },
  {
    id: 'restart-two',
    group: 'restart',
    title: 'the next process does the work that waited when this one was killed',
    ownProcess: true,
    over: ['claim', 'push'],
    run: async (world) => {
      await world.killService();
      if (world.connect === 'claim') await world.until('no claim is open', () => !world.plane.isAsked());
      const events = [world.trigger(world.input('good')), world.trigger(world.input('good'))];
      world.offer(...events);
      await world.ready();
      for (const event of events) await world.finished(event);
    },
  },
];
