import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_ZONE_SET, levelsAt } from '#schemas/alerts/zone-levels.ts'
import type { ZoneSet } from '#schemas/alerts/zone-set.ts'
import { evaluateZone, NO_ZONE_STATE, type ZoneOutcome } from './evaluate.ts'
import { isHighBelow, SLICE_MS } from './slices.ts'
import { type PlainSlice, row, T0, times } from './zones.testing.ts'

const SET = DEFAULT_ZONE_SET
const BUSY: PlainSlice = { busy: 80 }

/** What the newest slice says after the ones before it. */
function last(parts: readonly PlainSlice[], set: ZoneSet = SET): ZoneOutcome {
  const outcome = evaluateZone(set, row(parts)).at(-1)
  if (outcome === undefined) throw new Error('no slices')
  return outcome
}

const said = (parts: readonly PlainSlice[]) => {
  const { state, zone, held } = last(parts)
  return { state, zone, held }
}

describe('facts, section 3: capacity 100', () => {
  it('known 100 busy 59 is danger after 3 of 3', () => {
    expect(said([BUSY, ...times(2, { busy: 59 })])).toMatchObject({ zone: null })
    expect(said([BUSY, ...times(3, { busy: 59 })])).toEqual({
      state: 'firing',
      zone: 'danger',
      held: null,
    })
  })
  it('known 97 busy 57: the bound is exactly 0.60, so it warns and is no danger yet', () => {
    const part = { known: 97, busy: 57 }
    expect(said([BUSY, ...times(3, part)])).toEqual({ state: 'firing', zone: 'warn', held: null })
    expect(said([BUSY, ...times(11, part)])).toMatchObject({ zone: 'warn' })
    expect(said([BUSY, ...times(12, part)])).toMatchObject({ zone: 'danger' })
  })
  it('59.5 % at 98 % coverage is danger after an hour: the bound alone would miss it', () => {
    const part = { known: 98, busy: 58.31 }
    expect(said(times(11, part))).toMatchObject({ zone: 'warn' })
    expect(said(times(12, part))).toMatchObject({ zone: 'danger', state: 'firing' })
  })
  it('known 94 busy 55 is held, never ok', () => {
    const part = { known: 94, busy: 55 }
    expect(said([BUSY, ...times(2, part)])).toEqual({ state: 'held', zone: null, held: 'coverage' })
    expect(said([BUSY, part])).toEqual({ state: 'ok', zone: null, held: null })
  })
  it('known 90 busy 45 is danger at coverage 0.90', () => {
    expect(said([BUSY, ...times(3, { known: 90, busy: 45 })])).toEqual({
      state: 'firing',
      zone: 'danger',
      held: 'coverage',
    })
  })
  it('then 62 stays, 64 for 15 min leaves the danger', () => {
    const danger = [BUSY, ...times(3, { busy: 59 })]
    expect(said([...danger, ...times(40, { busy: 62 })])).toMatchObject({ zone: 'danger' })
    expect(said([...danger, ...times(2, { busy: 64 })])).toMatchObject({ zone: 'danger' })
    expect(said([...danger, ...times(3, { busy: 64 })])).toMatchObject({ zone: 'warn' })
    expect(said([...danger, ...times(3, { busy: 63 })])).toMatchObject({ zone: 'danger' })
    expect(said([...danger, ...times(3, { busy: 80 })])).toMatchObject({ state: 'ok', zone: null })
  })
  it('is left at any coverage, and is then held', () => {
    const danger = [BUSY, ...times(3, { busy: 59 })]
    expect(said([...danger, ...times(3, { known: 90, busy: 88 })])).toEqual({
      state: 'held',
      zone: null,
      held: 'coverage',
    })
    expect(said([...danger, ...times(3, { known: 90, busy: 60 })])).toEqual({
      state: 'held',
      zone: 'danger',
      held: 'coverage',
    })
  })
})

describe('what is thin', () => {
  it('another counter on 6 % of the capacity is held, on 5 % it is not', () => {
    expect(said([BUSY, { busy: 64, changed: 6 }])).toMatchObject({ state: 'held', held: 'source' })
    expect(said([BUSY, { busy: 64, changed: 5 }])).toMatchObject({ state: 'ok' })
    const after = [BUSY, { busy: 64, changed: 50 }, ...times(3, { busy: 64 })]
    expect(said(after)).toEqual({ state: 'held', zone: null, held: 'source' })
    expect(said([...after, ...times(2, { busy: 64 })])).toMatchObject({
      state: 'firing',
      zone: 'warn',
    })
  })
  it('slices that are missing are no data, not a good run', () => {
    const slices = row([BUSY, ...times(5, { busy: 59 })])
    const holes = slices.filter((_, at) => at !== 3)
    expect(evaluateZone(SET, holes).at(-1)).toMatchObject({ zone: 'warn' })
    const gap = [...row([BUSY]), ...row([BUSY], T0 + 3 * SLICE_MS)]
    expect(evaluateZone(SET, gap).map(({ state }) => state)).toEqual(['ok', 'ok', 'held', 'ok'])
  })
  it('a scope without capacity any more is no alert', () => {
    const gone = { cap: 0, busy: 0 }
    expect(said([...times(3, { busy: 50 }), ...times(3, gone)])).toMatchObject({ state: 'ok' })
  })
})

describe('lines', () => {
  it('watch is 3 of 5 as well', () => {
    const parts = [69, 72, 69, 72, 69].map((busy) => ({ busy }))
    expect(said(parts)).toMatchObject({ zone: 'watch' })
    expect(last(parts).open.watch).toEqual({
      sinceMs: T0,
      openedMs: T0 + 5 * SLICE_MS,
      deviceMinutes: 1500,
      // Three slices 6 points short, two 3 points, of 100 devices.
      shortMinutes: 120,
    })
  })
  it('a ticket is a slow loss: below over six hours and three days', () => {
    expect(said(times(863, { busy: 74 }))).toMatchObject({ zone: 'ticket' })
    expect(said(times(800, { busy: 74 }))).toMatchObject({ zone: null })
    expect(said([...times(800, { busy: 76 }), ...times(64, { busy: 74 })])).toMatchObject({
      zone: null,
    })
  })
  it('are dated: a new site ramps up', () => {
    const levels = { ticket: 0.5, watch: 0.4, warn: 0.35, danger: 0.3 }
    const set: ZoneSet = {
      ...SET,
      levels: [
        { from_ms: T0, ...levels },
        { from_ms: T0 + 3 * SLICE_MS, ticket: 0.75, watch: 0.7, warn: 0.65, danger: 0.6 },
      ],
    }
    expect(last(times(3, { busy: 59 }), set).zone).toBeNull()
    expect(last(times(4, { busy: 59 }), set).zone).toBe('danger')
    expect(levelsAt(set, T0 - 1)).toBeNull()
    expect(evaluateZone(set, row([{ busy: 1 }], T0 - SLICE_MS))[0]).toMatchObject({
      state: 'ok',
      levels: null,
    })
  })
})

describe('for all rows of slices', () => {
  const slice = fc
    .tuple(
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 0, max: 100 }),
      fc.constantFrom(0, 0, 0, 4, 60),
    )
    .map(([known, share, changed]) => ({
      known: 80 + known / 5,
      busy: ((80 + known / 5) * share) / 100,
      changed,
    }))
  const rows = fc.array(slice, { minLength: 1, maxLength: 40 })

  it('in pieces it is the same as at once', () => {
    fc.assert(
      fc.property(rows, fc.nat(40), (parts, cut) => {
        const slices = row(parts)
        const first = evaluateZone(SET, slices.slice(0, cut))
        const rest = evaluateZone(SET, slices, first.at(-1) ?? NO_ZONE_STATE)
        expect([...first, ...rest]).toEqual(evaluateZone(SET, slices))
      }),
    )
  })
  it('thin data is never ok, and 3 of 3 under the bound is always danger', () => {
    fc.assert(
      fc.property(rows, (parts) => {
        const slices = row(parts)
        for (const [at, outcome] of evaluateZone(SET, slices).entries()) {
          if (outcome.held !== null) expect(outcome.state).not.toBe('ok')
          const three = slices.slice(Math.max(0, at - 2), at + 1)
          const isCertain = three.length === 3 && three.every((part) => isHighBelow(part, 600_000n))
          if (isCertain) expect(outcome).toMatchObject({ zone: 'danger', state: 'firing' })
        }
      }),
    )
  })
  it('a line closes only 3 points above it, for 15 minutes, whatever is unknown', () => {
    fc.assert(
      fc.property(rows, (parts) => {
        const slices = row(parts)
        const outcomes = evaluateZone(SET, slices)
        for (const [at, { open }] of outcomes.entries()) {
          if (open.warn !== undefined || outcomes[at - 1]?.open.warn === undefined) continue
          for (const part of slices.slice(at - 2, at + 1))
            expect(part.busyX1000 * 1000n).toBeGreaterThan(680_000n * part.baseMs)
        }
      }),
    )
  })
})
