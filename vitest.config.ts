import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './e2e/summary-reporter.ts'],
    // Nearly every test has processes and sockets of its own: no more at once than a small machine carries.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'parts',
          include: ['{proto,controlplane,dataplane,cli}/**/*.test.ts'],
          testTimeout: 20_000,
          hookTimeout: 60_000,
          // A loaded machine is slow, not wrong.
          expect: { poll: { timeout: 15_000, interval: 20 } },
          // clipanion's "module" entry is written for bundlers: Node cannot load it as it is.
          server: { deps: { inline: ['clipanion'] } },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'e2e/services/**'],
          // The first test of a file starts its server, and some build a service with npm.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // After all the others: what they find is told sooner.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
