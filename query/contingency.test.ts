import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fewestJobs } from './contingency-jobs.ts'

const job = (busy: number) => ({ busyX1000: BigInt(busy) })

/** Size of the smallest of all sets of jobs that is enough. */
function smallestSet(
  busy: readonly number[],
  known: number,
  total: number,
  ppm: number,
): number | null {
  let best: number | null = null
  for (let set = 0; set < 2 ** busy.length; set += 1) {
    const ended = busy.filter((_, at) => (set >> at) & 1)
    const left = total - ended.reduce((sum, value) => sum + value, 0)
    const isEnough = left * 1000 < ppm * known
    if (isEnough && (best === null || ended.length < best)) best = ended.length
  }
  return best
}

test('no smaller set of jobs takes a scope below a level', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 9 }),
      fc.integer({ min: 0, max: 400_000 }),
      fc.integer({ min: 0, max: 1_000_000 }),
      (busy, nobodys, ppm) => {
        const total = nobodys + busy.reduce((sum, value) => sum + value, 0)
        const known = 4_000
        const found = fewestJobs(busy.map(job), {
          knownMs: BigInt(known),
          busyX1000: BigInt(total),
          levelPpm: BigInt(ppm),
        })
        expect(found?.length ?? null).toBe(smallestSet(busy, known, total, ppm))
      },
    ),
    { numRuns: 300 },
  )
})

test('exactly at the level is not below it', () => {
  const scope = { knownMs: 10n, busyX1000: 6_000n, levelPpm: 600_000n }
  expect(fewestJobs([job(1)], scope)).toHaveLength(1)
  expect(fewestJobs([job(1)], { ...scope, busyX1000: 5_999n })).toEqual([])
  expect(fewestJobs([], scope)).toBeNull()
})
