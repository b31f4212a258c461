import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Store, StoreUnavailable } from '../../src/store/store.ts';
import { firstOf, itemOf, NOON, put } from './builders.ts';
import type { Abilities, Fixture, StoreUnderTest } from './fixture.ts';
import { WRITER_RUNS } from './writer.ts';

const KILLS = 3;
const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url));

/** What was acknowledged is there afterwards, whatever ended. */
export function keepingClaims(fixture: Fixture, abilities: Abilities): void {
  test('all that was acknowledged is there after it was closed and opened again', async () => {
    const opened = await fixture.opened();
    const timer = { stream: 'run1', name: 't', dueAt: NOON };
    await put(opened.store, firstOf('run1', { message: 'kept' }, { timersPut: [timer] }));
    await put(opened.store, itemOf('run1', 2));
    await put(opened.store, firstOf('run2', {}, { open: false }));
    await opened.store.putDocument('project', 'shop', { a: 1 });
    const store = await opened.reopen();
    expect((await store.read('run1')).map((entry) => entry.seq)).toEqual([1, 2]);
    expect((await store.getRun('run1'))?.message).toBe('kept');
    expect(await store.openStreams({ limit: 10 })).toEqual(['run1']);
    expect(await store.dueTimers({ before: NOON + 1, limit: 10 })).toEqual([timer]);
    expect(await store.getDocument('project', 'shop')).toEqual({ id: 'shop', revision: 1, value: { a: 1 } });
    expect((await store.listEvents({ limit: 10 })).items).toHaveLength(6);
    const [position] = await put(store, itemOf('run1', 3));
    expect((await store.listEvents({ limit: 10 })).items.map((event) => event.position)).toContain(position);
    expect((await store.commit([itemOf('run1', 3)]))[0]?.outcome).toBe('conflict');
  });

  if (abilities.otherProcess) writerIsKilled(fixture);
  if (abilities.server) serverIsKilled(fixture);
}

function writerIsKilled(fixture: Fixture): void {
  test('kill -9 of the process that writes loses nothing acknowledged', async () => {
    const opened = await fixture.opened();
    await opened.store.close();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const acknowledged = await writeUntilKilled(opened, kill);
      const store = await opened.reopen();
      await expectRounds(store, acknowledged);
      for (const run of WRITER_RUNS) await clear(store, run);
      await store.close();
    }
  }, 180_000);
}

function serverIsKilled(fixture: Fixture): void {
  test('kill -9 of the server loses nothing acknowledged, and the store finds it again', async () => {
    const { store, killServer } = await fixture.opened();
    let acknowledged = 0;
    let isOver = false;
    const writing = (async () => {
      for (let round = 1; !isOver; round += 1) {
        const items = WRITER_RUNS.map((run) => (round === 1 ? firstOf(run) : itemOf(run, round)));
        await commitUntilKnown(store, items);
        acknowledged = round;
      }
    })();
    await expect.poll(() => acknowledged, { timeout: 60_000 }).toBeGreaterThan(3);
    await killServer?.();
    const before = acknowledged;
    await expect.poll(() => acknowledged, { timeout: 60_000 }).toBeGreaterThan(before + 3);
    isOver = true;
    await writing;
    await expectRounds(store, acknowledged);
    // Lists are derived: a row that the kill lost is written again by the next read of its journal, a moment later.
    await expect.poll(async () => (await store.listRuns({ limit: 50 })).items.length).toBe(WRITER_RUNS.length);
  }, 240_000);
}

/** Answers the last round that the writer said was acknowledged. */
async function writeUntilKilled(opened: StoreUnderTest, kill: number): Promise<number> {
  const { adapter, options } = opened.place ?? { adapter: '', options: {} };
  const writer = spawn(process.execPath, [WRITER, adapter, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = 0;
  for await (const line of createInterface(writer.stdout)) {
    acknowledged = Number(line);
    // Lines that were printed before the signal arrived are still read.
    if (acknowledged >= 5 + kill * 7 && !writer.killed) writer.kill('SIGKILL');
  }
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
  expect(writer.signalCode).toBe('SIGKILL');
  return acknowledged;
}

async function expectRounds(store: Store, acknowledged: number): Promise<void> {
  expect(acknowledged).toBeGreaterThan(0);
  const timers = await store.dueTimers({ before: NOON * 2, limit: 100_000 });
  for (const run of WRITER_RUNS) {
    const entries = await store.read(run);
    expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, index) => index + 1));
    expect(entries.length).toBeGreaterThanOrEqual(acknowledged);
    // A timer is durable no later than its entry.
    if (timers.length > 0) {
      const names = new Set(timers.filter((timer) => timer.stream === run).map((timer) => timer.name));
      expect(entries.filter((entry) => !names.has(`timer${entry.seq}`))).toEqual([]);
    }
  }
  expect(await store.openStreams({ limit: 100 })).toEqual(WRITER_RUNS.toSorted());
}

/** Makes room for the next writer, which begins at 1 again. */
async function clear(store: Store, run: string): Promise<void> {
  const entries = await store.read(run);
  const seq = (entries.at(-1)?.seq ?? 0) + 1;
  const summary = firstOf(run, { state: 'finished', result: 'pass', finishedAt: NOON }).summary;
  await store.commit([itemOf(run, seq, { open: false, ...(summary === undefined ? {} : { summary }) })]);
  await store.deleteTimers(
    (await store.dueTimers({ before: NOON * 2, limit: 100_000 })).filter((t) => t.stream === run),
  );
  await store.deleteFinishedRuns({ project: 'shop', finishedBefore: NOON + 1, limit: 100 });
}

/** As the runtime does it: after an unknown outcome, read before deciding again. */
async function commitUntilKnown(store: Store, items: ReturnType<typeof firstOf>[]): Promise<void> {
  let left = items;
  for (let attempt = 0; left.length > 0; attempt += 1) {
    try {
      await store.commit(left);
      return;
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || attempt > 2_000) throw error;
    }
    left = await stillMissing(store, left);
  }
}

async function stillMissing(store: Store, items: ReturnType<typeof firstOf>[]): Promise<ReturnType<typeof firstOf>[]> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const missing = await Promise.all(
        items.map(async (item) => ((await store.read(item.stream)).length < item.seq ? [item] : [])),
      );
      return missing.flat();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || attempt > 2_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
