import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLocalDays } from './local-day.ts'
import { createSettlePlan, type PlanStart, type SettlePlan, type Work } from './plan.ts'

const MINUTE = 60_000
const HOUR = 3_600_000
const T0 = Date.UTC(2026, 4, 1, 10, 20)

const options = {
  delayMs: 20_000,
  quietMs: 5_000,
  waitMaxMs: 120_000,
  rawRetentionMs: 30 * 24 * HOUR,
  dayOf: createLocalDays('UTC'),
}
const empty: PlanStart = {
  fromMs: null,
  untilMs: null,
  hoursUntilMs: null,
  daysUntilMs: null,
  dirtyMinutes: new Map(),
  dirtyHours: [],
  dirtyDays: [],
}
/** Does all work that is due; returns it. */
function run(plan: SettlePlan, nowMs: number, chunk = 60): Work[] {
  const done: Work[] = []
  for (let work = plan.next(nowMs, chunk); work !== null; work = plan.next(nowMs, chunk)) {
    plan.done(work)
    done.push(work)
    if (done.length > 10_000) throw new Error('the plan never ends')
  }
  return done
}

describe('which buckets to settle', () => {
  it('settles nothing before there is capacity', () => {
    expect(createSettlePlan(empty, options).next(T0, 60)).toBeNull()
  })

  it('what is new never waits for more than one piece of a restatement of two weeks', () => {
    const plan = createSettlePlan({ ...empty, fromMs: T0 }, options)
    const beganMs = T0 + 14 * 24 * HOUR
    run(plan, beganMs)
    plan.touch(T0, Infinity, 'capacity corrected', beganMs)
    // Pieces of ten minutes that take five seconds each, as with 50,000 devices.
    const pieceMs = 5_000
    let nowMs = beganMs + options.quietMs
    let isLate = false
    const fresh = { minutes: 0, hours: 0, days: 0 }
    let restated = 0
    for (let piece = 0; plan.dirtyCount > 0; piece += 1) {
      if (piece > 10_000) throw new Error('the restatement never ends')
      const work = plan.next(nowMs, 10)
      if (work?.kind === 'minutes' && work.reason === null) {
        fresh.minutes += 1
        isLate ||= nowMs - work.toMs > options.delayMs + pieceMs * 3
      } else if (work?.kind === 'minutes') restated += (work.toMs - work.fromMs) / MINUTE
      else if (work?.kind === 'hours' && work.fromMs >= beganMs - HOUR) fresh.hours += 1
      else if (work?.kind === 'day' && work.toMs > beganMs - HOUR) fresh.days += 1
      nowMs += pieceMs
      if (work !== null) plan.done(work)
    }
    expect(isLate).toBe(false)
    // The last minute before it began was not settled yet.
    expect(restated).toBe(14 * 24 * 60 - 1)
    expect(fresh.minutes).toBeGreaterThan(150)
    expect(fresh.hours).toBeGreaterThanOrEqual(2)
  })

  it('says every cause that met in a minute, in order, each once', () => {
    const plan = createSettlePlan({ ...empty, fromMs: T0 }, options)
    const nowMs = T0 + HOUR
    run(plan, nowMs)
    plan.touch(T0, T0 + MINUTE, 'late rows', nowMs)
    plan.touch(T0, T0 + 2 * MINUTE, 'capacity corrected', nowMs + 1)
    plan.touch(T0, T0 + MINUTE, 'late rows', nowMs + 2)
    const closed = plan.next(nowMs + 60_000, 60)
    expect(closed).toMatchObject({ reason: null })
    if (closed !== null) plan.done(closed)
    const first = plan.next(nowMs + 60_000, 60)
    expect(first).toMatchObject({ toMs: T0 + MINUTE, reason: 'late rows; capacity corrected' })
    plan.touch(T0, T0 + MINUTE, 'repair: why', nowMs + 3)
    if (first !== null) plan.failed(first)
    expect(plan.next(nowMs + 60_000 + options.quietMs, 60)).toMatchObject({
      reason: 'late rows; capacity corrected; repair: why',
    })
  })

  it('settles a minute once, 20 s after its end', () => {
    const plan = createSettlePlan({ ...empty, fromMs: T0 }, options)
    expect(plan.next(T0 + MINUTE + 19_999, 60)).toBeNull()
    expect(run(plan, T0 + MINUTE + 20_000)).toEqual([
      { kind: 'minutes', fromMs: T0, toMs: T0 + MINUTE, reason: null },
    ])
    expect(plan.settledUntilMs).toBe(T0 + MINUTE)
    expect(run(plan, T0 + MINUTE + 20_000)).toEqual([])
  })

  it('catches up in chunks that end on the hour, then hours, then days', () => {
    const plan = createSettlePlan({ ...empty, fromMs: T0 }, options)
    const work = run(plan, Date.UTC(2026, 4, 2, 0, 1))
    const minutes = work.filter(({ kind }) => kind === 'minutes')
    expect(minutes.slice(0, 2).map(({ toMs }) => toMs)).toEqual([
      Date.UTC(2026, 4, 1, 11),
      Date.UTC(2026, 4, 1, 12),
    ])
    expect(work.slice(minutes.length)).toEqual([
      { kind: 'hours', fromMs: Date.UTC(2026, 4, 1, 10), toMs: Date.UTC(2026, 4, 2) },
      { kind: 'day', fromMs: Date.UTC(2026, 4, 1), toMs: Date.UTC(2026, 4, 2), date: '2026-05-01' },
    ])
  })

  it('settles a touched minute again with its hour and day, once it has been left alone', () => {
    const plan = createSettlePlan({ ...empty, fromMs: T0 }, options)
    const nowMs = Date.UTC(2026, 4, 2, 0, 1)
    run(plan, nowMs)
    plan.touch(T0 + 30_000, T0 + 45_000, 'late rows', nowMs)
    expect(run(plan, nowMs + 4_999)).toEqual([])
    expect(run(plan, nowMs + 5_000)).toEqual([
      { kind: 'minutes', fromMs: T0, toMs: T0 + MINUTE, reason: 'late rows' },
      { kind: 'hours', fromMs: Date.UTC(2026, 4, 1, 10), toMs: Date.UTC(2026, 4, 1, 11) },
      { kind: 'day', fromMs: Date.UTC(2026, 4, 1), toMs: Date.UTC(2026, 4, 2), date: '2026-05-01' },
    ])
  })

  it('does not forget what touches a minute while it is being settled, nor what failed', () => {
    const plan = createSettlePlan({ ...empty, fromMs: T0 }, { ...options, quietMs: 0 })
    const nowMs = T0 + MINUTE + 20_000
    const first = plan.next(nowMs, 60)
    plan.touch(T0, T0 + 10_000, 'late rows', nowMs)
    if (first !== null) plan.done(first)
    const again = plan.next(nowMs, 60)
    expect(again).toEqual({ kind: 'minutes', fromMs: T0, toMs: T0 + MINUTE, reason: 'late rows' })
    if (again !== null) plan.failed(again)
    expect(plan.next(nowMs, 60)).toEqual(again)
  })

  it('leaves alone what has lost its raw samples', () => {
    const plan = createSettlePlan({ ...empty, fromMs: T0 }, options)
    const nowMs = T0 + 31 * 24 * HOUR
    const [first] = run(plan, nowMs)
    expect(first?.fromMs).toBe(nowMs - 30 * 24 * HOUR + 3 * MINUTE)
    plan.touch(T0, T0 + HOUR, 'late rows', nowMs)
    expect(
      run(plan, nowMs + HOUR / 60).filter(
        (work) => work.kind === 'minutes' && work.reason !== null,
      ),
    ).toEqual([])
  })

  it('settles every closed minute exactly once and every touched one again, in whatever order things happen', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('pass' as const), minutes: fc.integer({ min: 0, max: 130 }) }),
      fc.record({
        kind: fc.constant('touch' as const),
        at: fc.integer({ min: -60, max: 400 }),
        length: fc.integer({ min: 1, max: 90 }),
      }),
      fc.record({ kind: fc.constant('begin' as const), at: fc.integer({ min: -90, max: 0 }) }),
      fc.record({
        kind: fc.constant('work' as const),
        pieces: fc.integer({ min: 1, max: 5 }),
        fails: fc.boolean(),
      }),
    )
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 60 }),
        (steps, chunk) => {
          const plan = createSettlePlan({ ...empty, fromMs: T0 }, options)
          let nowMs = T0
          let fromMs = T0
          const firstTimes = new Map<number, number>()
          const stale = new Set<number>()
          const settle = (work: Work) => {
            if (work.kind !== 'minutes') return
            for (let ms = work.fromMs; ms < work.toMs; ms += MINUTE) {
              if (work.reason === null) firstTimes.set(ms, (firstTimes.get(ms) ?? 0) + 1)
              stale.delete(ms)
            }
          }
          for (const one of steps) {
            if (one.kind === 'pass') nowMs += one.minutes * MINUTE
            else if (one.kind === 'begin') {
              const earlier = T0 + one.at * MINUTE
              if (earlier < fromMs) {
                fromMs = earlier
                plan.begin(fromMs)
                const until = plan.settledUntilMs ?? 0
                for (let ms = fromMs; ms < until; ms += MINUTE) stale.add(ms)
                plan.touch(fromMs, Infinity, 'capacity accepted', nowMs)
              }
            } else if (one.kind === 'touch') {
              const at = T0 + one.at * MINUTE
              const until = plan.settledUntilMs ?? 0
              for (
                let ms = Math.max(at, fromMs);
                ms < Math.min(at + one.length * MINUTE, until);
                ms += MINUTE
              )
                stale.add(ms)
              plan.touch(at, at + one.length * MINUTE, 'late rows', nowMs)
            } else
              for (let piece = 0; piece < one.pieces; piece += 1) {
                const work = plan.next(nowMs, chunk)
                if (work === null) break
                if (one.fails) plan.failed(work)
                else {
                  plan.done(work)
                  settle(work)
                }
              }
          }
          nowMs += 3 * MINUTE
          for (const work of run(plan, nowMs, chunk)) settle(work)
          expect([...stale]).toEqual([])
          expect([...firstTimes.values()].every((times) => times === 1)).toBe(true)
          expect(plan.settledUntilMs).toBe(Math.floor((nowMs - options.delayMs) / MINUTE) * MINUTE)
          expect(plan.dirtyCount).toBe(0)
        },
      ),
    )
  })
})
