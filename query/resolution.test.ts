import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DIMENSIONS } from './filters.ts'
import { localDayCeil, localDayStart, nextLocalDayStart } from './local-day.ts'
import { planQuestion, type Published, type Question } from './resolution.ts'
import { chooseGrid, chooseSiteGrid, POINTS_MAX, stepSpanMs } from './steps.ts'
import { DAY_MS, effectiveWindow, HOUR_MS, MINUTE_MS, parseTime, WINDOW_MS_MAX } from './window.ts'

const T0 = Date.UTC(2026, 4, 4)
const SHANGHAI = 'Asia/Shanghai'

/** Everything published from `from` to `to`. */
function published(from: number, to: number, timeZone = SHANGHAI): Published {
  const hours = new Set<number>()
  for (let hour = Math.ceil(from / HOUR_MS) * HOUR_MS; hour + HOUR_MS <= to; hour += HOUR_MS) {
    hours.add(hour)
  }
  const days = new Set<number>()
  for (let day = localDayCeil(from, timeZone); ; day = nextLocalDayStart(day, timeZone)) {
    if (nextLocalDayStart(day, timeZone) > to) break
    days.add(day)
  }
  const none = { nodeHours: new Set<number>(), nodeDays: new Set<number>() }
  return { firstMinuteMs: from, settledUntilMs: to, hours, days, ...none }
}

const question = (lengthMs: number, rest: Partial<Question> = {}): Question => ({
  fromMs: T0,
  toMs: T0 + lengthMs,
  fields: [],
  stepMs: null,
  ...rest,
})
const tables = (plan: ReturnType<typeof planQuestion>) => plan.segments.map(({ table }) => table)

describe('which table answers', () => {
  const all = published(T0 - 100 * DAY_MS, T0 + 500 * DAY_MS)

  test('groups answer what they know; a week is its whole days and the edges', () => {
    const fields = ['cluster', 'model'] as const
    const day = planQuestion(question(DAY_MS, { fields }), all, SHANGHAI)
    expect(tables(day)).toEqual(['ledger_1m_group'])
    expect(day.resolution).toBe('1m_group')
    const week = planQuestion(question(7 * DAY_MS, { fields }), all, SHANGHAI)
    expect(tables(week)).toEqual(['ledger_1m_group', 'ledger_1d', 'ledger_1m_group'])
    const hidden = { ...all, days: new Set<number>() }
    expect(tables(planQuestion(question(7 * DAY_MS, { fields }), hidden, SHANGHAI))).toEqual([
      'ledger_1m_group',
    ])
    const chart = question(7 * DAY_MS, { fields, stepMs: HOUR_MS })
    expect(tables(planQuestion(chart, all, SHANGHAI))).toEqual(['ledger_1m_group'])
  })

  test('a question by node needs devices: minutes when short, hours with minutes at the edges when long', () => {
    const fields = ['node'] as const
    expect(tables(planQuestion(question(HOUR_MS, { fields }), all, SHANGHAI))).toEqual([
      'ledger_1m',
    ])
    const fromMs = T0 + 10 * MINUTE_MS
    const long = planQuestion(question(2 * DAY_MS, { fields, fromMs }), all, SHANGHAI)
    expect(tables(long)).toEqual(['ledger_1m', 'ledger_1h'])
    expect(long.resolution).toBe('1h')
  })

  test('whole local days answer a month, and the edges are finer', () => {
    const plan = planQuestion(question(30 * DAY_MS, { fields: ['job'] }), all, SHANGHAI)
    expect(tables(plan)).toEqual(['ledger_1h', 'ledger_1d', 'ledger_1h'])
    expect(plan.resolution).toBe('1d')
  })

  test('hours and days by node answer what they know, as far as they are those of the devices', () => {
    const nodes = { ...all, nodeHours: all.hours, nodeDays: all.days }
    const of = (asked: Question, known = nodes) => tables(planQuestion(asked, known, SHANGHAI))
    const day = question(DAY_MS, { fields: ['cluster', 'model'] })
    expect(of(day)).toEqual(['ledger_1h_node'])
    expect(of({ ...day, fields: ['job'] })).toEqual(['ledger_1h'])
    expect(of({ ...day, stepMs: 5 * MINUTE_MS })).toEqual(['ledger_1m_group'])
    expect(of(question(HOUR_MS, { fields: ['model'] }))).toEqual(['ledger_1m_group'])
    const asWhole = planQuestion(day, nodes, SHANGHAI)
    expect(asWhole.resolution).toBe('1h')
    // Settled again a moment ago, or before there were any.
    const behind = new Set([...all.hours].filter((hour) => hour !== T0 + 5 * HOUR_MS))
    const lacking = { ...nodes, nodeHours: behind }
    expect(of(day, lacking)).toEqual(['ledger_1m_group'])
    expect(of({ ...day, fields: ['rack'] }, lacking)).toEqual(['ledger_1h'])
    const month = question(30 * DAY_MS, { fields: ['rack'] })
    expect(of(month)).toEqual(['ledger_1h_node', 'ledger_1d_node', 'ledger_1h_node'])
    const daily = { ...month, stepMs: DAY_MS }
    expect(of(daily)).toEqual(['ledger_1h_node'])
    expect(of({ ...daily, areLocalDays: true })).toEqual([
      'ledger_1h_node',
      'ledger_1d_node',
      'ledger_1h_node',
    ])
  })

  test('a step finer than an hour is never answered from hours', () => {
    const asked = question(2 * DAY_MS, { fields: ['node'], stepMs: 30 * MINUTE_MS })
    expect(tables(planQuestion(asked, all, SHANGHAI))).toEqual(['ledger_1m'])
    const hourly = question(2 * DAY_MS, { fields: ['node'], stepMs: 2 * HOUR_MS })
    expect(tables(planQuestion(hourly, all, SHANGHAI))).toEqual(['ledger_1h'])
  })

  test('an hour that is not published yet is answered from its minutes', () => {
    const missing = {
      ...all,
      hours: new Set([...all.hours].filter((hour) => hour !== T0 + 5 * HOUR_MS)),
    }
    const plan = planQuestion(question(10 * HOUR_MS, { fields: ['rack'] }), missing, SHANGHAI)
    expect(plan.segments).toEqual([
      { table: 'ledger_1h', fromMs: T0, toMs: T0 + 5 * HOUR_MS },
      { table: 'ledger_1m', fromMs: T0 + 5 * HOUR_MS, toMs: T0 + 10 * HOUR_MS },
    ])
  })

  test('what is newer than settled is provisional, and all of it when nothing is settled', () => {
    const until = { ...all, settledUntilMs: T0 + HOUR_MS }
    expect(planQuestion(question(2 * HOUR_MS), until, SHANGHAI).provisional).toEqual({
      fromMs: T0 + HOUR_MS,
      toMs: T0 + 2 * HOUR_MS,
    })
    const nothing = {
      firstMinuteMs: null,
      settledUntilMs: null,
      hours: new Set<number>(),
      days: new Set<number>(),
      nodeHours: new Set<number>(),
      nodeDays: new Set<number>(),
    }
    expect(planQuestion(question(HOUR_MS), nothing, SHANGHAI)).toEqual({
      resolution: 'raw',
      segments: [],
      provisional: { fromMs: T0, toMs: T0 + HOUR_MS },
      timeZone: SHANGHAI,
    })
  })

  test('whatever is asked, the parts are the window: no overlap, no hole', () => {
    const minutes = (max: number) => fc.integer({ min: 1, max }).map((count) => count * MINUTE_MS)
    fc.assert(
      fc.property(
        minutes(90 * 1440),
        minutes(60 * 1440),
        minutes(150 * 1440),
        fc.subarray([...DIMENSIONS]),
        fc.constantFrom(SHANGHAI, 'Europe/Berlin', 'Asia/Kathmandu', 'America/Santiago'),
        (offset, lengthMs, settledMs, fields, zone) => {
          const fromMs = T0 - 45 * DAY_MS + offset
          const asked = { ...question(0), fromMs, toMs: fromMs + lengthMs, fields }
          const known = published(T0 - 50 * DAY_MS, T0 - 45 * DAY_MS + settledMs, zone)
          const plan = planQuestion(asked, known, zone)
          const parts = [...plan.segments, ...(plan.provisional ? [plan.provisional] : [])]
          expect(parts[0]?.fromMs).toBe(asked.fromMs)
          expect(parts.at(-1)?.toMs).toBe(asked.toMs)
          parts.slice(1).forEach((part, at) => expect(part.fromMs).toBe(parts[at]?.toMs))
          expect(parts.every((part) => part.fromMs < part.toMs)).toBe(true)
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('local days', () => {
  test('are the steps of a long chart, unless clocks change within it', () => {
    const window = { fromMs: Date.UTC(2026, 1, 1, 7), toMs: Date.UTC(2026, 4, 1, 7) }
    const shanghai = chooseSiteGrid(window, 90, SHANGHAI)
    expect(shanghai).toEqual({
      grid: { t0Ms: Date.UTC(2026, 0, 31, 16), stepMs: DAY_MS, count: 90 },
      areLocalDays: true,
    })
    const berlin = chooseSiteGrid(window, 90, 'Europe/Berlin')
    expect(berlin).toEqual({ grid: chooseGrid(window, 90), areLocalDays: false })
    expect(chooseSiteGrid(window, 300, SHANGHAI).areLocalDays).toBe(false)
  })

  test('begin at the midnight of the site, also when clocks change', () => {
    expect(localDayStart(Date.UTC(2026, 4, 4, 20), SHANGHAI)).toBe(Date.UTC(2026, 4, 4, 16))
    const berlin = 'Europe/Berlin'
    const spring = localDayStart(Date.UTC(2026, 2, 29, 12), berlin)
    expect(spring).toBe(Date.UTC(2026, 2, 28, 23))
    expect(nextLocalDayStart(spring, berlin) - spring).toBe(23 * HOUR_MS)
    const autumn = localDayStart(Date.UTC(2026, 9, 25, 12), berlin)
    expect(nextLocalDayStart(autumn, berlin) - autumn).toBe(25 * HOUR_MS)
    // No 00:00 on this day: clocks go from 23:59 to 01:00.
    const santiago = localDayStart(Date.UTC(2026, 8, 6, 12), 'America/Santiago')
    expect(santiago).toBe(Date.UTC(2026, 8, 6, 4))
    expect(nextLocalDayStart(santiago - 1, 'America/Santiago')).toBe(santiago)
    expect(localDayCeil(autumn, berlin)).toBe(autumn)
    expect(localDayCeil(autumn + 1, berlin)).toBe(autumn + 25 * HOUR_MS)
  })
})

describe('steps', () => {
  test('there are never more than asked for, on whole minutes and the epoch grid', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e7 }),
        fc.integer({ min: 1, max: WINDOW_MS_MAX / MINUTE_MS }),
        fc.integer({ min: 2, max: POINTS_MAX }),
        (start, length, points) => {
          const fromMs = T0 + start * MINUTE_MS
          const window = { fromMs, toMs: fromMs + length * MINUTE_MS }
          const grid = chooseGrid(window, points)
          expect(grid.count).toBeLessThanOrEqual(points)
          expect(grid.stepMs % MINUTE_MS).toBe(0)
          expect(grid.t0Ms % grid.stepMs).toBe(0)
          let total = 0
          for (let at = 0; at < grid.count; at += 1) total += stepSpanMs(grid, window, at)
          expect(total).toBe(window.toMs - window.fromMs)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('windows', () => {
  const now = T0 + 90_500
  test('default to what is settled and the day before it', () => {
    expect(effectiveWindow({}, T0, now)).toEqual({ fromMs: T0 - DAY_MS, toMs: T0 })
    expect(effectiveWindow({}, null, now).toMs).toBe(T0 + 60_000)
  })

  test('are floored to the minute and end at the running one', () => {
    const asked = { from: '2026-05-03T23:59:59.9Z', to: String(now + DAY_MS) }
    expect(effectiveWindow(asked, T0, now)).toEqual({ fromMs: T0 - 60_000, toMs: T0 + 60_000 })
    expect(parseTime('2026-05-04T08:00:00+08:00')).toBe(T0)
  })

  test('that are empty, reversed, too long or no time at all are refused by code', () => {
    const bad = [
      { from: String(T0), to: String(T0) },
      { from: String(T0), to: String(T0 - DAY_MS) },
      { from: String(T0 - 401 * DAY_MS), to: String(T0) },
      { from: 'yesterday' },
      { from: '2026-05-04' },
      { from: '2026-13-45T00:00:00Z' },
      // Seconds sent as milliseconds.
      { from: String(T0 / 1000) },
      { to: "1' OR 1=1" },
    ]
    for (const asked of bad) {
      expect(() => effectiveWindow(asked, T0, now)).toThrow(
        expect.objectContaining({ code: 'E_RANGE_INVALID' }),
      )
    }
  })
})
