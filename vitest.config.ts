import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './test/support/closing-line-reporter.ts';

export default defineConfig({
  test: {
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/contract/**/*.test.ts'],
          globalSetup: ['test/support/build-modules.ts'],
          // A busy machine takes three times as long for the longest.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/{integration,e2e,proof}/**/*.test.ts'],
          globalSetup: ['test/support/build-modules.ts', 'test/support/integration-lab.ts'],
          // Each test drives servers and containers of its own; more at once only makes all of them slow.
          fileParallelism: false,
          // Of tests that say they are concurrent: they wait for disks and servers more than they compute.
          maxConcurrency: 2,
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
