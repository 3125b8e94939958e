import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { playSchedule } from './spool-model.testing.ts'
import { schedules } from './spool-schedule.testing.ts'

/** Schedules per run: enough for every edge in a few seconds; raise it for a long search. */
const RUNS = Number(process.env['PLIMSOLL_SPOOL_SCHEDULES'] ?? 1_000)
const SEED = process.env['PLIMSOLL_SPOOL_SEED']

it(
  `what was acknowledged is read back in order and once, released, or named by a gap: ${RUNS} schedules`,
  { timeout: 20_000 + RUNS * 20 },
  async () => {
    await fc.assert(
      fc.asyncProperty(schedules, async ({ steps, seed }) => {
        await expect(playSchedule(steps, seed)).resolves.toBeUndefined()
      }),
      { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    )
  },
)
