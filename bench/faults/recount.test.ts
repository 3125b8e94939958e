import { describe, expect, it } from 'vitest'
import { compareMinutes, recount, type RawSample } from './recount.ts'

const MINUTE = 60_000
const sample = (atMs: number, more: Partial<RawSample> = {}): RawSample => ({
  device: 'd',
  atMs,
  stepMs: 10_000,
  position: atMs,
  busySource: 1,
  busy: 0.5,
  power: 100,
  ...more,
})
const capacity = [{ device: 'd', fromMs: 0, toMs: 2 * MINUTE }]
const window = { fromMs: 0, toMs: 2 * MINUTE }
const minutes = (samples: readonly RawSample[]) => {
  const counted = recount(samples, capacity, window)
  return [counted.get('0 d'), counted.get(`${MINUTE} d`)]
}

describe('the recount', () => {
  it('lets a sample speak for its cell and two empty ones, over the edge of a minute', () => {
    const [first, second] = minutes([sample(40_000)])
    expect(first).toEqual({
      capacity: MINUTE,
      known: 20_000,
      busy: 10_000_000,
      powerKnown: 20_000,
      power: 2_000_000_000,
    })
    expect(second).toMatchObject({ known: 10_000, busy: 5_000_000 })
  })

  it('takes of two samples in a cell the first in the log', () => {
    const [first] = minutes([
      sample(41_000, { busy: 1, position: 2 }),
      sample(49_000, { position: 1 }),
    ])
    expect(first?.busy).toBe(10_000_000)
  })

  it('counts nothing for what a device did not say, and does not fill it from the cell before', () => {
    const [first] = minutes([sample(0), sample(10_000, { busy: null, power: null })])
    expect(first).toMatchObject({ known: 10_000, powerKnown: 10_000 })
  })

  it('finds what differs, what is missing and what is too much', () => {
    const counted = recount([sample(0)], capacity, window)
    expect(compareMinutes(counted, counted)).toEqual([])
    const other = recount([sample(0, { busy: 0.25 })], capacity, window)
    expect(compareMinutes(other, counted)).toHaveLength(1)
    expect(compareMinutes(new Map(), counted)).toHaveLength(2)
    expect(compareMinutes(counted, new Map())).toHaveLength(2)
  })
})
