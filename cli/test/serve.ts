import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended, startSlipway } from './slipway.ts';

const START_MS = 60_000;
const LOOK_MS = 20;

export type Served = AsyncDisposable & {
  url: string;
  folder: string;
  /** Ends it as an operator would. */
  stop: (signal?: NodeJS.Signals) => Promise<Ended>;
};

/** `slipway serve` on a free port with a folder of its own, which is gone afterwards. */
export async function startServe(args: readonly string[] = []): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-serve-'));
  const all = ['serve', '--listen', '127.0.0.1:0', '--data', join(folder, 'data'), '--log-level', 'warn', ...args];
  const { process: child, ended, output } = startSlipway(all, { cwd: folder });
  const deadline = performance.now() + START_MS;
  let url: string | undefined;
  while (url === undefined) {
    url = /listens on (http:\S+)/.exec(output())?.[1];
    if (url === undefined && (child.exitCode !== null || performance.now() > deadline)) {
      child.kill('SIGKILL');
      throw new Error(`slipway serve did not start: ${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  const stop = (signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> => {
    child.kill(signal);
    return ended;
  };
  return {
    url,
    folder,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
