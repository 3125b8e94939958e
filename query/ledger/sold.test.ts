import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Contract } from '#schemas/journal.ts'
import { contractScopes, type Place, soldWithoutJob } from './sold.ts'

const HOUR = 3_600_000
const span = { fromMs: 0, toMs: HOUR }
const contract = (devices: number, more: Partial<Contract> = {}): Contract => ({
  id: 'c',
  tenant: 'stars',
  model: 'H100',
  pool: '',
  devices,
  from_ms: 0,
  to_ms: null,
  rate_per_hour: 2,
  flat_fee: null,
  currency: 'USD',
  ...more,
})
const place = (free: number, held: number, more: Partial<Place> = {}): Place => ({
  model: 'H100',
  pool: 'main',
  free: BigInt(free * HOUR),
  held: BigInt(held * HOUR),
  ...more,
})
const sold = (places: readonly Place[], ...contracts: Contract[]) =>
  soldWithoutJob(places, contractScopes(contracts), span).map((ms) => Number(ms) / HOUR)

describe('sold without a job', () => {
  test('is what is under contract less what is held, never more than is free', () => {
    expect(sold([place(3, 13)], contract(14))).toEqual([1])
    expect(sold([place(3, 13)], contract(10))).toEqual([0])
    expect(sold([place(3, 13)], contract(100))).toEqual([3])
    expect(sold([place(3, 13)])).toEqual([0])
    expect(sold([place(3, 13)], contract(14, { model: 'A100' }))).toEqual([0])
  })

  test('counts only the time a contract runs', () => {
    expect(sold([place(3, 0)], contract(2, { to_ms: HOUR / 2 }))).toEqual([1])
    expect(sold([place(3, 0)], contract(2, { from_ms: HOUR }))).toEqual([0])
  })

  test('serves contracts of a pool first; others take of every pool the same share', () => {
    const pools = [place(4, 0), place(2, 2, { pool: 'b' })]
    expect(sold(pools, contract(3, { pool: 'b' }))).toEqual([0, 1])
    expect(sold(pools, contract(5))).toEqual([2, 1])
    expect(sold(pools, contract(3, { pool: 'b' }), contract(2))).toEqual([
      expect.closeTo(1.6, 6),
      expect.closeTo(1.4, 6),
    ])
  })

  test('never exceeds what is free in any place, whatever the contracts', () => {
    const amount = fc.bigInt({ min: 0n, max: 10n ** 12n })
    const places = fc.array(
      fc.record({
        model: fc.constantFrom('H100', 'A100'),
        pool: fc.constantFrom('main', 'b'),
        free: amount,
        held: amount,
      }),
      { maxLength: 6 },
    )
    const contracts = fc.array(
      fc
        .record({
          devices: fc.integer({ min: 1, max: 200_000 }),
          model: fc.constantFrom('', 'H100', 'A100'),
          pool: fc.constantFrom('', 'main', 'b'),
        })
        .map(({ devices, ...more }) => contract(devices, more)),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(places, contracts, (there, given) => {
        const parts = soldWithoutJob(there, contractScopes(given), span)
        const backward = soldWithoutJob(there, contractScopes(given.toReversed()), span)
        parts.forEach((part, at) => {
          expect(part).toBeGreaterThanOrEqual(0n)
          expect(part).toBeLessThanOrEqual(there[at]?.free ?? 0n)
        })
        expect(backward).toEqual(parts)
      }),
    )
  })
})
