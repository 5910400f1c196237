import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './e2e/summary-reporter.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Whole-system tests start real servers: no more of them at once than a small machine carries.
    maxWorkers: 2,
    // clipanion's "module" entry is written for bundlers: Node cannot load it as it is.
    server: { deps: { inline: ['clipanion'] } },
    include: ['{proto,controlplane,dataplane,cli,e2e}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'e2e/services/**'],
  },
});
