import { defineConfig } from 'vitest/config'
import { SlowFirst } from './scripts/slow-first.ts'

const REAL = ['**/*.int.test.ts', '**/*.e2e.test.ts']
const NOT_OURS = ['node_modules/**', 'dashboard/build/**', 'dashboard/.svelte-kit/**', 'data/**']

// One config for all suites; scripts/test.ts picks files by their names (*.test, *.int.test, *.e2e.test).
export default defineConfig({
  test: {
    projects: [
      // What starts programs gets a process of its own; pure files share a few, which saves a start and the same imports each.
      { extends: true, test: { name: 'real', include: REAL, exclude: NOT_OURS } },
      {
        extends: true,
        test: {
          name: 'pure',
          include: ['**/*.test.ts'],
          exclude: [...NOT_OURS, ...REAL],
          isolate: false,
        },
      },
    ],
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
