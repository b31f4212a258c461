import { defineConfig } from 'vitest/config';

/** The chart's tests need Helm, which `npm test` does not: `npm run test:chart -- --quick` runs them. */
export default defineConfig({
  test: {
    include: ['helm/chart-test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    allowOnly: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
