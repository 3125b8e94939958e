import { defineConfig } from 'vitest/config'
import { SlowFirst } from './scripts/slow-first.ts'

// One config for all suites; scripts/test.ts picks files by their names (*.test, *.int.test, *.e2e.test).
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'dashboard/build/**', 'dashboard/.svelte-kit/**', 'data/**'],
    setupFiles: ['./scripts/fixed-seed.ts'],
    pool: 'forks',
    // Two cores and three files at once (four take longer): tests that wait for a program to start, stop or elect a leader use little CPU.
    maxWorkers: 3,
    sequence: { sequencer: SlowFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    allowOnly: false,
  },
})
