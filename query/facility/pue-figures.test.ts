import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PueRow } from '../queries/facility-energy.ts'
import { BUCKET_MS } from './periods.ts'
import { joinRows, namedLabel, pueFigures } from './pue-figures.ts'

const EMPTY = joinRows([])
const given = { scope: 'site', timeZone: 'UTC' }
const span = (buckets: number) => ({ fromMs: 0, toMs: buckets * BUCKET_MS })

/** Energies between 1 and 3 times IT, as only such buckets count. */
const counted = fc
  .tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1000, max: 3000 }))
  .map(([it, perMille]) => ({
    counted_it_mj: BigInt(it) * 1000n,
    counted_total_mj: BigInt(it) * BigInt(perMille),
  }))
const row: fc.Arbitrary<PueRow> = fc
  .tuple(
    fc.array(counted, { maxLength: 4 }),
    fc.array(fc.integer({ min: 0, max: 1_000_000_000 }), { maxLength: 3 }),
    fc.array(fc.integer({ min: 0, max: 1_000_000_000 }), { maxLength: 3 }),
  )
  .map(([full, totals, its]) => {
    const sum = (values: readonly number[]) => BigInt(values.reduce((a, b) => a + b, 0))
    const energies = full.map((one) => ({ ...EMPTY, ...one, counted: 1, buckets: 1 }))
    return {
      ...joinRows(energies),
      total_only: totals.length,
      total_only_mj: sum(totals),
      it_only: its.length,
      it_only_mj: sum(its),
    }
  })

test('the bounds hold the ratio, whatever is missing', () => {
  fc.assert(
    fc.property(row, fc.integer({ min: 10, max: 200 }), (sums, expected) => {
      const {
        lo,
        hi,
        value_of_known: known,
        value,
        complete,
      } = pueFigures(sums, span(expected), given)
      expect(lo === null).toBe(known === null)
      expect(value).toBe(complete ? known : null)
      if (lo === null || hi === null || known === null) return
      expect(lo).toBeGreaterThanOrEqual(1)
      expect(lo).toBeLessThanOrEqual(known)
      expect(known).toBeLessThanOrEqual(hi)
      expect(hi).toBeLessThanOrEqual(3)
    }),
  )
})

test('periods joined in any order are the window', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (rows) => {
      const forward = pueFigures(joinRows(rows), span(50), given)
      expect(pueFigures(joinRows(rows.toReversed()), span(50), given)).toEqual(forward)
      expect(
        pueFigures(joinRows([joinRows(rows.slice(0, 2)), ...rows.slice(2)]), span(50), given),
      ).toEqual(forward)
    }),
  )
})

test('98 of 100 buckets are complete, 97 are not', () => {
  const of = (buckets: number) => {
    const sums = { ...EMPTY, counted: buckets, counted_total_mj: 12n, counted_it_mj: 10n }
    return pueFigures(sums, span(100), given)
  }
  expect(of(98)).toMatchObject({ complete: true, value: 1.2, coverage: 0.98 })
  expect(of(97)).toMatchObject({ complete: false, value: null, value_of_known: 1.2 })
})

test('the category stands behind PUE', () => {
  expect(namedLabel('iPUE', 3)).toBe('iPUE3')
  expect(namedLabel('pPUE, interim', 1)).toBe('pPUE1, interim')
  expect(namedLabel('PUE', null)).toBe('PUE')
})
