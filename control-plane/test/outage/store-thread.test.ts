import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask, DataFolder, SHIPYARD, START_MS } from './data-folder.ts';

/** A thread of the store dies while its process lives: nothing can be written any more, and only a new process helps. */

let folder: DataFolder;
beforeEach(() => {
  folder = new DataFolder();
});
afterEach(() => folder.remove());

test.each(['writer', 'reader'])(
  'the %s of the SQLite file dies: the process ends and says so, and the next one goes on where it was',
  async (role) => {
    const first = await folder.serve('--inspect=127.0.0.1:0');
    await ask(first.url, 'PUT', '/v1/projects/default/shipyard', SHIPYARD);
    const trigger = { specversion: '1.0', id: 't', source: '/t', type: 'dev.seq.triggered' };
    expect(await ask(first.url, 'POST', '/v1/events', JSON.stringify(trigger))).toMatchObject({ status: 202 });
    await endThread(/ws:\S+/.exec(first.output())?.[0] ?? '', role);
    expect([await first.code, first.output()]).toEqual([
      3,
      expect.stringContaining(`cannot go on: the ${role} thread of the store ended with 7`),
    ]);

    const second = await folder.serve();
    const claimed = await ask(second.url, 'POST', '/v1/tasks/a/claim?wait=20s', '{"source":"/w"}');
    expect(claimed).toMatchObject({ status: 200, json: [{ type: 'a.triggered' }] });
  },
  2 * START_MS,
);

type Message = { method?: string; params?: Record<string, unknown> };

/** Ends one thread of another process from inside, by its debugger: the thread has no say in it. */
async function endThread(debuggerUrl: string, role: string): Promise<void> {
  const socket = new WebSocket(debuggerUrl);
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  const send = (method: string, params: object): void => socket.send(JSON.stringify({ id: 1, method, params }));
  const expression = `process.getBuiltinModule('node:worker_threads').workerData.role === '${role}' && process.exit(7)`;
  socket.addEventListener('message', ({ data }) => {
    const { method, params }: Message = JSON.parse(String(data));
    // A process does not end before its debugger has gone.
    if (method === 'NodeWorker.detachedFromWorker') socket.close();
    if (method !== 'NodeWorker.attachedToWorker') return;
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } });
    send('NodeWorker.sendMessageToWorker', { sessionId: params?.sessionId, message });
  });
  send('NodeWorker.enable', { waitForDebuggerOnStart: false });
}
