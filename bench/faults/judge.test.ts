import { describe, expect, it } from 'vitest'
import type { ProducedBatch } from './journal.ts'
import { type Evidence, judge, type StoredRange, type StoredRead } from './judge.ts'

/** The judge has to see every kind of loss that it acquits the pipeline of. */

const IDS = [5n, 9n]
const batch = (seq: number): ProducedBatch => ({
  boot: 'b',
  seq,
  atMs: seq * 1000,
  t0Ms: seq * 1000,
  stepMs: 1000,
  cells: [0, 0, seq, 1, 0, seq],
  isProduced: true,
  hasDiedInMemory: false,
})
const range = (from: number, to: number, more: Partial<StoredRange> = {}): StoredRange => ({
  collector: 'c1',
  boot: 'b',
  from,
  to,
  rows: 2 * (to - from + 1),
  isLost: false,
  ...more,
})
const read = (number: number, more: Partial<StoredRead> = {}): StoredRead => ({
  number,
  rows: 2,
  devices: 2,
  ids: 5n ^ 9n,
  firstMs: number * 1000,
  lastMs: number * 1000,
  isCorrected: false,
  ...more,
})
const made = (batches: readonly ProducedBatch[], later: readonly string[] = []) => [
  {
    collector: 'c1',
    deviceIds: IDS,
    batches: new Map(batches.map((one) => [`${one.boot} ${one.seq}`, one])),
    later: new Set(later),
  },
]
const whole: Evidence = {
  produced: made([batch(1), batch(2), batch(3)]),
  ranges: [range(1, 2), range(3, 3)],
  reads: [read(1), read(2), read(3)],
  reasons: [],
  inventedBoots: new Set(),
}
const faults = (more: Partial<Evidence>) => {
  const { lost, duplicated, wrong } = judge({ ...whole, ...more })
  return { lost: lost.length, duplicated: duplicated.length, wrong: wrong.length }
}
const NONE = { lost: 0, duplicated: 0, wrong: 0 }

describe('the judge', () => {
  it('acquits a store that holds every batch and row once', () => {
    expect(faults({})).toEqual(NONE)
    const { produced, stored } = judge(whole)
    expect([produced, stored]).toEqual([
      { batches: 3, rows: 6 },
      { batches: 3, rows: 6 },
    ])
  })

  it.each([
    ['a batch that is missing', { ranges: [range(1, 2)], reads: [read(1), read(2)] }, 'lost'],
    ['a read whose rows are missing', { reads: [read(1), read(2)] }, 'lost'],
    ['one row that is missing', { reads: [read(1), read(2), read(3, { rows: 1 })] }, 'lost'],
    ['a batch stored twice', { ranges: [range(1, 3), range(3, 3)] }, 'duplicated'],
    ['rows stored twice', { reads: [read(1), read(2), read(3, { rows: 4 })] }, 'duplicated'],
    ['rows of another device', { reads: [read(1), read(2), read(3, { ids: 1n })] }, 'wrong'],
    ['rows nobody made', { reads: [...whole.reads, read(4)] }, 'wrong'],
    ['a batch nobody made', { ranges: [range(1, 4)] }, 'wrong'],
    ['rows that batches promises', { ranges: [range(1, 3, { rows: 7 })] }, 'wrong'],
    ['another time', { reads: [read(1), read(2), read(3, { firstMs: 1 })] }, 'wrong'],
    [
      'a batch given up without a reason',
      { ranges: [range(1, 2), range(3, 3, { isLost: true })], reads: [read(1), read(2)] },
      'lost',
    ],
  ] as const)('convicts of %s', (_, more, kind) => {
    expect(faults(more)[kind]).toBeGreaterThan(0)
  })

  it('takes a gap for an explanation only where the store passes over it too', () => {
    const gap = [{ collector: 'c1', boot: 'b', from: 3, to: 3, reason: 'spool_full' }]
    const reads = [read(1), read(2)]
    const passedOver = [range(1, 2), range(3, 3, { isLost: true, rows: 0 })]
    const verdict = judge({ ...whole, ranges: passedOver, reads, reasons: gap })
    expect(verdict.explained).toEqual({ 'c1 spool_full': 1 })
    expect(verdict.lost).toEqual([])
    expect(faults({ ranges: [range(1, 2)], reads, reasons: gap }).lost).toBe(1)
  })

  it('does not ask for what its process died over, for what only memory held, and for what came later', () => {
    const stored = { ranges: [range(1, 2)], reads: [read(1), read(2)] }
    const with3 = (third: Partial<ProducedBatch>, later: readonly string[] = []) =>
      faults({
        ...stored,
        produced: made([batch(1), batch(2), { ...batch(3), ...third }], later),
      })
    expect(with3({ isProduced: false })).toEqual(NONE)
    expect(with3({ hasDiedInMemory: true })).toEqual(NONE)
    expect(with3({}, ['b 3'])).toEqual(NONE)
    expect(with3({}).lost).toBe(1)
  })
})
