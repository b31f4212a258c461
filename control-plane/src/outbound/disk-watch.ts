import { statfs } from 'node:fs/promises';

const LOOK_MS = 5_000;

export type DiskWatch = {
  /** Why no new runs should be taken; undefined: there is room. */
  problem(): string | undefined;
  /** 0 to 1. */
  free(): number;
  close(): void;
};

/** Looks every few seconds how much of a folder's disk is free: what is open must still find room to end. */
export async function watchDisk(options: {
  dir: string;
  reservePercent: number;
  onChange(problem: string | undefined): void;
}): Promise<DiskWatch> {
  const { dir, reservePercent, onChange } = options;
  let free = 1;
  let problem: string | undefined;

  async function look(): Promise<void> {
    const { bavail, blocks } = await statfs(dir);
    free = blocks === 0 ? 1 : bavail / blocks;
    const percent = Math.floor(free * 1000) / 10;
    const isLow = free * 100 < reservePercent;
    const now = isLow
      ? `${percent} % of the disk is free, and ${reservePercent} % are reserved for open runs`
      : undefined;
    const isChange = (now === undefined) !== (problem === undefined);
    problem = now;
    if (isChange) onChange(problem);
  }

  await look();
  const timer = setInterval(() => {
    // A folder that cannot be looked at says nothing of its disk; the store tells soon enough.
    look().catch(() => undefined);
  }, LOOK_MS);
  timer.unref();
  return { problem: () => problem, free: () => free, close: () => clearInterval(timer) };
}
