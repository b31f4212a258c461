import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/test/**/*.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', '**/.cache/**', '**/.slipway/**'],
    // Each test file is a process of its own, so that what it leaves behind ends with it.
    pool: 'forks',
    // Many tests start processes of their own; more workers only make each other late.
    maxWorkers: 2,
    allowOnly: false,
    // Ends what hangs. None of them says how fast something is: a busy machine is many times slower than a quiet one.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    // The property tests print their seed and counterexample: keep them whole.
    chaiConfig: { truncateThreshold: 2_000 },
  },
});
