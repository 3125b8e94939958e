import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { OPEN_MS } from '../settle/capacity.ts'
import { createIntervalBook, type StoredInterval } from './interval-book.ts'
import { bookDevice } from './inventory.ts'
import { listed } from './listed.testing.ts'
import { isEmpty, overlaps } from './spans.ts'

const DEVICE = 7n

const date = fc.option(fc.nat(20), { nil: null })
const row = fc.record({ delivered_ms: date, accepted_ms: date, retired_ms: date })
const discovered = fc.option(
  fc.nat(20).map((fromMs): StoredInterval => ({
    kind: 'capacity',
    deviceId: DEVICE,
    fromMs,
    toMs: OPEN_MS,
    reason: 'discovered',
    detail: 'n1',
    version: 1_000,
  })),
  { nil: null },
)

/** Stores what a book writes, as the table does. */
function store(table: Map<string, StoredInterval>, writes: readonly StoredInterval[]): void {
  for (const one of writes) {
    const key = `${one.kind}:${one.fromMs}`
    const known = table.get(key)
    expect(known === undefined || known.version < one.version).toBe(true)
    table.set(key, one)
  }
}

it('whatever inventories say in turn, a device is in capacity once at a time, and the last word holds', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), discovered, (rows, found) => {
      const table = new Map<string, StoredInterval>()
      if (found !== null) store(table, [found])
      for (const [index, dates] of rows.entries()) {
        const entry = { sequence: index + 1, atMs: 100 + index, who: 'ann' }
        const book = createIntervalBook([...table.values()], entry)
        bookDevice(book, DEVICE, listed(dates), entry)
        store(table, book.writes())
        // The same once more, as after a crash, writes nothing.
        const again = createIntervalBook([...table.values()], entry)
        bookDevice(again, DEVICE, listed(dates), entry)
        expect(again.writes()).toEqual([])

        const live = [...table.values()].filter((one) => !isEmpty(one))
        for (const kind of ['capacity', 'delivered'])
          for (const one of live)
            for (const other of live)
              if (one !== other && one.kind === kind && other.kind === kind)
                expect([one, other, overlaps(one, other)]).toEqual([one, other, false])
        const { accepted_ms, retired_ms } = dates
        if (accepted_ms === null) continue
        const inForce = live.find((one) => one.kind === 'capacity' && one.fromMs === accepted_ms)
        const endMs = retired_ms === null ? OPEN_MS : Math.max(retired_ms, accepted_ms)
        expect(inForce?.toMs ?? accepted_ms).toBe(endMs)
      }
    }),
    { numRuns: 2_000 },
  )
})

it('delivered time never runs into accepted time of the same list', () => {
  const entry = { sequence: 1, atMs: 100, who: 'ann' }
  const book = createIntervalBook([], entry)
  bookDevice(book, DEVICE, listed({ delivered_ms: 5, accepted_ms: 9, retired_ms: 30 }), entry)
  expect(book.writes().map(({ kind, fromMs, toMs }) => [kind, fromMs, toMs])).toEqual([
    ['delivered', 5, 9],
    ['capacity', 9, 30],
  ])
})
