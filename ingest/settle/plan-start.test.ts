import { describe, expect, it } from 'vitest'
import { createLocalDays } from './local-day.ts'
import { createSettlePlan, type Work } from './plan.ts'
import { planStart, type StartFacts } from './plan-start.ts'
import { DEFAULT_SETTLE_OPTIONS } from './settle.ts'

const MINUTE = 60_000
const HOUR = 3_600_000
const T0 = Date.UTC(2026, 4, 1, 10)

const settledAt = (fromMs: number, count: number, lateMs = 20_000) =>
  new Map(
    Array.from({ length: count }, (_, index) => {
      const ms = fromMs + index * MINUTE
      return [ms, ms + MINUTE + lateMs] as const
    }),
  )
const facts = (more: Partial<StartFacts>): StartFacts => ({
  published: { minutes: new Map(), hours: new Map(), days: new Map() },
  late: [],
  capacity: [],
  fromMs: T0,
  horizonMs: 0,
  dayOf: createLocalDays('UTC'),
  ...more,
})
const minutesOnly = (minutes: ReadonlyMap<number, number>) => ({
  minutes,
  hours: new Map(),
  days: new Map(),
})

describe('where settling stood, from the store alone', () => {
  it('is nowhere without capacity, and at its start without revisions', () => {
    expect(planStart(facts({ fromMs: null })).untilMs).toBeNull()
    expect(planStart(facts({})).untilMs).toBeNull()
  })

  it('goes on behind the last minute such that none before it is missing', () => {
    const minutes = settledAt(T0, 10)
    minutes.delete(T0 + 5 * MINUTE)
    expect(planStart(facts({ published: minutesOnly(minutes) })).untilMs).toBe(T0 + 5 * MINUTE)
  })

  it('finds minutes that were read before late rows were stored, up to where those rows reach', () => {
    const published = minutesOnly(settledAt(T0, 10))
    const late = [{ fromMs: T0 + MINUTE, toMs: T0 + MINUTE, insertedAtMs: T0 + HOUR }]
    const start = planStart(facts({ published, late }))
    expect([...start.dirtyMinutes]).toEqual(
      [1, 2, 3, 4].map((index) => [T0 + index * MINUTE, 'late rows']),
    )
    const early = [{ fromMs: T0 + MINUTE, toMs: T0 + MINUTE, insertedAtMs: T0 + 2 * MINUTE }]
    expect(planStart(facts({ published, late: early })).dirtyMinutes.size).toBe(0)
  })

  it('finds minutes that were read before a device was accepted or retired', () => {
    const published = minutesOnly(settledAt(T0, 4))
    const capacity = [{ fromMs: T0 + 2 * MINUTE, toMs: Date.UTC(2100, 0), decidedAtMs: T0 + HOUR }]
    expect([...planStart(facts({ published, capacity })).dirtyMinutes.keys()]).toEqual([
      T0 + 2 * MINUTE,
      T0 + 3 * MINUTE,
    ])
  })

  it('finds hours and days made before one of their minutes was settled again', () => {
    const minutes = settledAt(T0, 120)
    minutes.set(T0 + 70 * MINUTE, T0 + 5 * HOUR)
    const hours = new Map([
      [T0, T0 + 3 * HOUR],
      [T0 + HOUR, T0 + 3 * HOUR],
    ])
    const days = new Map([[Date.UTC(2026, 4, 1), T0 + 20 * HOUR]])
    const start = planStart(facts({ published: { minutes, hours, days } }))
    expect([...start.dirtyHours]).toEqual([T0 + HOUR])
    expect([...start.dirtyDays]).toEqual([])
    expect(start.hoursUntilMs).toBe(T0 + 2 * HOUR)
    expect(start.daysUntilMs).toBe(Date.UTC(2026, 4, 2))
  })

  it('leaves days of another zone alone: they would be outdated for ever', () => {
    const minutes = settledAt(T0, 60 * 24)
    minutes.set(T0 + 70 * MINUTE, T0 + 90 * HOUR)
    const ofUtc = [Date.UTC(2026, 4, 1), T0 + 40 * HOUR] as const
    const ofShanghai = [Date.UTC(2026, 4, 1, 16), T0 + 40 * HOUR] as const
    const days = new Map([ofUtc, ofShanghai])
    minutes.set(Date.UTC(2026, 4, 1, 17), T0 + 90 * HOUR)
    const dayOf = createLocalDays('Asia/Shanghai')
    const start = planStart(facts({ published: { minutes, hours: new Map(), days }, dayOf }))
    expect([...start.dirtyDays]).toEqual([ofShanghai[0]])
    const plan = createSettlePlan(start, { ...DEFAULT_SETTLE_OPTIONS, dayOf })
    const work: Work[] = []
    for (let piece = plan.next(T0 + 91 * HOUR, 60); piece !== null && work.length < 200;) {
      work.push(piece)
      plan.done(piece)
      piece = plan.next(T0 + 91 * HOUR, 60)
    }
    expect(plan.next(T0 + 91 * HOUR, 60)).toBeNull()
    const again = work.filter(({ fromMs }) => fromMs === ofShanghai[0])
    expect(again.map(({ kind }) => kind)).toContain('day')
  })

  it('does not make hours again that began before raw samples do', () => {
    const horizonMs = T0 + 30 * MINUTE
    const published = minutesOnly(settledAt(horizonMs, 120))
    expect(planStart(facts({ published, horizonMs })).hoursUntilMs).toBe(T0 + HOUR)
  })
})
