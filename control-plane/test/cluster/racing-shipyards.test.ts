import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMongo } from '../../../tools/test-servers.ts';
import { openMongoStore } from '../../src/store/mongo/index.ts';
import { type Answer, field, openDoor, SHIPYARD, type TestDoor } from '../http/door.ts';

/** Writers of one project's shipyard, all at the same moment: on one control plane with SQLite, and on two with MongoDB. */
const WRITERS = 12;

let mongo: Awaited<ReturnType<typeof startMongo>>;

beforeAll(async () => {
  mongo = await startMongo();
});

afterAll(async () => {
  await mongo?.stop();
});

const places = [
  { name: 'one control plane on SQLite', openAll: async () => [await openDoor()] },
  {
    name: 'two control planes on MongoDB',
    openAll: async () => {
      const shared = () => openMongoStore({ url: mongo.url, database: 'racing' });
      return [await openDoor({ shared }), await openDoor({ shared })];
    },
  },
];

describe.for(places)('$name', ({ openAll }) => {
  test('of many that replace the same version, one does and the others get 412', { timeout: 120_000 }, async () => {
    await using doors = new Doors(await openAll());
    const etag = String((await doors.put(0, 'first')).headers.etag);
    const answers = await doors.race((writer) => doors.put(writer, `w${writer}`, { 'if-match': etag }));
    const won = answers.filter((one) => one.status === 201);
    expect(won).toHaveLength(1);
    expect(
      answers.filter((one) => one.status === 412 && field(one.json, 'code') === 'precondition-failed'),
    ).toHaveLength(WRITERS - 1);
    for (const version of await doors.versionsInUse()) expect(version).toBe(field(won[0]?.json, 'version'));
  });

  test('of many that do not say what they replace, none is lost without a word', { timeout: 120_000 }, async () => {
    await using doors = new Doors(await openAll());
    await doors.put(0, 'before');
    const answers = await doors.race((writer) => doors.put(writer, `v${writer}`));
    const told = answers.filter((one) => one.status === 428 && field(one.json, 'code') === 'precondition-required');
    const won = answers.filter((one) => one.status === 201);
    expect(won.length + told.length).toBe(WRITERS);
    const inUse = await doors.versionsInUse();
    for (const version of inUse) expect(won.map((one) => field(one.json, 'version'))).toContain(version);
  });

  test('many that put the same shipyard are all right', { timeout: 120_000 }, async () => {
    await using doors = new Doors(await openAll());
    const answers = await doors.race((writer) => doors.put(writer, 'same'));
    for (const answer of answers) expect([200, 201]).toContain(answer.status);
  });
});

class Doors implements AsyncDisposable {
  readonly #doors: readonly TestDoor[];

  constructor(doors: readonly TestDoor[]) {
    this.#doors = doors;
  }

  put(writer: number, sequence: string, headers: Record<string, string> = {}): Promise<Answer> {
    const body = SHIPYARD.replace('quick', sequence);
    return this.#door(writer).ask('PUT', '/v1/projects/race/shipyard', { body, headers });
  }

  race(put: (writer: number) => Promise<Answer>): Promise<Answer[]> {
    return Promise.all(Array.from({ length: WRITERS }, (_, writer) => put(writer)));
  }

  versionsInUse(): Promise<unknown[]> {
    return Promise.all(
      this.#doors.map(async (door) => field((await door.ask('GET', '/v1/projects/race/shipyard')).json, 'version')),
    );
  }

  #door(writer: number): TestDoor {
    const door = this.#doors[writer % this.#doors.length];
    if (door === undefined) throw new Error('there is no door');
    return door;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const door of this.#doors) await door[Symbol.asyncDispose]();
  }
}
