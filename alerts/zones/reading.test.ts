import { describe, expect, it } from 'vitest'
import { AlertReading } from '#schemas/alerts/alert.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import { ZoneSet } from '#schemas/alerts/zone-set.ts'
import { evaluateZone, type ZoneOutcome } from './evaluate.ts'
import { explainQuestion, isScheduled, zoneLabels, zoneReading, zoneSeverity } from './reading.ts'
import { SLICE_MS } from './slices.ts'
import { type PlainSlice, row, T0, times } from './zones.testing.ts'

const FLEET = { cap: 50_000, known: 49_611 }

function outcomeOf(parts: readonly PlainSlice[]): ZoneOutcome {
  const outcome = evaluateZone(DEFAULT_ZONE_SET, row(parts)).at(-1)
  if (outcome === undefined) throw new Error('no slices')
  return outcome
}
const danger = outcomeOf([{ ...FLEET, busy: 40_000 }, ...times(3, { ...FLEET, busy: 28_973 })])
const says = (outcome: ZoneOutcome, set = DEFAULT_ZONE_SET, scope = {}) =>
  AlertReading.parse(zoneReading(set, { scope, outcome, usdPerHour: 16_600, who: null }))

describe('what a zone alert says', () => {
  it('tier, value, line and who reports', () => {
    const reading = says(danger)
    expect(reading.what).toEqual({
      en: 'Fleet busy 58.4 %, under the 60 % line',
      zh: '全部设备忙碌率 58.4 %，低于 60 % 线',
    })
    expect(reading.known?.en).toBe('49,611 of 50,000 reporting')
    expect(reading).toMatchObject({ devices: 50_000, usd_per_hour: 16_600 })
    expect(reading.low).toBeLessThan(reading.value ?? 0)
    expect(reading.high).toBeGreaterThan(reading.value ?? 1)
  })
  it('between the line and where it is left', () => {
    const after = outcomeOf([...times(3, { busy: 50 }), { busy: 62 }])
    expect(says(after).what?.en).toBe('Fleet busy 62.0 %, not yet clear of the 60 % line')
  })
  it('clear of its lines: the figure alone', () => {
    expect(says(outcomeOf(times(5, { busy: 80 }))).what).toEqual({
      en: 'Fleet busy 80.0 %',
      zh: '全部设备忙碌率 80.0 %',
    })
  })
  it('held', () => {
    const held = outcomeOf(times(2, { known: 94, busy: 55 }))
    expect(says(held).what?.en).toBe('Fleet busy 58.5 %, held: too little data')
  })
  it('of a hall names the hall', () => {
    const set = ZoneSet.parse({ ...DEFAULT_ZONE_SET, name: 'halls', scope: 'hall', value: '*' })
    expect(says(danger, set, { hall: 'h2' }).what?.en).toMatch(/^Hall h2 busy/)
    expect(zoneLabels(set, { hall: 'h2' })).toEqual({ hall: 'h2', zone_set: 'halls' })
  })
})

describe('how much it wants of people', () => {
  const severity = (parts: readonly PlainSlice[], set = DEFAULT_ZONE_SET) =>
    zoneSeverity(set, outcomeOf(parts), 'Asia/Shanghai')
  it('goes by the line', () => {
    expect(zoneSeverity(DEFAULT_ZONE_SET, danger, 'UTC')).toBe('page')
    expect(severity(times(5, { busy: 64 }))).toBe('warn')
    expect(severity(times(5, { busy: 69 }))).toBe('ticket')
    expect(severity(times(5, { busy: 80 }))).toBeNull()
    expect(severity(times(2, { known: 90, busy: 88 }))).toBe('data')
  })
  it('64 idle devices wake nobody: 7,500 device-minutes first', () => {
    expect(severity(times(3, { cap: 64, busy: 10 }))).toBe('warn')
    expect(severity(times(3, { cap: 500, busy: 10 }))).toBe('page')
    expect(severity(times(24, { cap: 64, busy: 10 }))).toBe('page')
  })
  it('a schedule, also over midnight', () => {
    const day = ZoneSet.parse({
      ...DEFAULT_ZONE_SET,
      schedule: { from_minute: 540, to_minute: 1080 },
    })
    // 08:15 UTC is 16:15 in Shanghai, and Monday.
    expect(severity(times(3, { cap: 500, busy: 10 }), day)).toBe('page')
    expect(zoneSeverity(day, danger, 'UTC')).toBe('warn')
    const night = ZoneSet.parse({
      ...DEFAULT_ZONE_SET,
      schedule: { from_minute: 1320, to_minute: 360, days: [1] },
    })
    const at = (text: string) => isScheduled(night, Date.parse(text), 'Asia/Shanghai')
    expect(at('2026-05-04T23:00:00+08:00')).toBe(true)
    expect(at('2026-05-05T05:59:00+08:00')).toBe(true)
    expect(at('2026-05-05T06:00:00+08:00')).toBe(false)
    expect(at('2026-05-05T23:00:00+08:00')).toBe(false)
    expect(at('2026-05-04T05:00:00+08:00')).toBe(false)
  })
})

it('explain is asked what came since the line was crossed, against as long before', () => {
  expect(explainQuestion(danger)).toEqual({ atMs: T0 + SLICE_MS, windowMs: 3 * SLICE_MS })
})
