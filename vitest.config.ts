import { defineConfig } from 'vitest/config'

// One config for all suites; scripts/test.ts picks files by their names (*.test, *.int.test, *.e2e.test).
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'dashboard/build/**', 'dashboard/.svelte-kit/**', 'data/**'],
    setupFiles: ['./scripts/fixed-seed.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    allowOnly: false,
  },
})
