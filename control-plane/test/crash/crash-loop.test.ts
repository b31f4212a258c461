import { expect, test } from 'vitest';
import { crashLoop } from './crash-loop.ts';

/** On demand: `CRASH_KILLS=10000 npx vitest run control-plane/test/crash/crash-loop.test.ts`. */
const kills = Number(process.env.CRASH_KILLS ?? 60);
const share = Math.ceil(kills / 2);
const limitMs = 300_000 + kills * 5000;
const clean = { lost: 0, stuck: 0, failed: 0, acceptedTwice: 0 };

test(
  `${share} SIGKILLs and SIGTERMs over control plane and service, claims over HTTP: nothing lost, stuck or accepted twice`,
  async () => {
    const result = await crashLoop({ mode: 'embedded', kills: share, runs: 50 * share, seed: 1, recoverMs: 90_000 });
    expect(result).toMatchObject(clean);
  },
  limitMs,
);

test(
  `${share} SIGKILLs and SIGTERMs over control plane, service and nats-server: nothing lost, stuck or accepted twice`,
  async () => {
    const result = await crashLoop({ mode: 'nats', kills: share, runs: 50 * share, seed: 2, recoverMs: 120_000 });
    expect(result).toMatchObject(clean);
  },
  limitMs,
);
