import { describe, expect, test } from 'vitest'
import { DAY_MS, HOUR_MS, iso } from '../window.ts'
import { localDayStart } from '../local-day.ts'
import {
  BUCKET_MS,
  facilityWindow,
  isTwelveMonths,
  periodsOf,
  yearEarlier,
  yearLater,
} from './periods.ts'

const at = (text: string) => Date.parse(text)
const starts = (from: string, to: string, resolution: '1h' | '1d' | '1w' | '1mo', zone: string) =>
  periodsOf({ fromMs: at(from), toMs: at(to) }, resolution, zone).map(({ fromMs }) => iso(fromMs))

describe('periods of the site', () => {
  test('hours where clocks are 45 minutes off', () => {
    expect(starts('2026-05-01T00:00Z', '2026-05-01T02:00Z', '1h', 'Asia/Kathmandu')).toEqual([
      '2026-05-01T00:00:00.000Z',
      '2026-05-01T00:15:00.000Z',
      '2026-05-01T01:15:00.000Z',
    ])
  })

  test('days of 23 and 25 hours', () => {
    expect(starts('2026-03-28T23:00Z', '2026-03-30T22:00Z', '1d', 'Europe/Berlin')).toEqual([
      '2026-03-28T23:00:00.000Z',
      '2026-03-29T22:00:00.000Z',
    ])
    expect(starts('2026-10-24T22:00Z', '2026-10-26T23:00Z', '1d', 'Europe/Berlin')).toEqual([
      '2026-10-24T22:00:00.000Z',
      '2026-10-25T23:00:00.000Z',
    ])
  })

  test('ISO weeks over the turn of a year that has W53, and months', () => {
    expect(starts('2026-12-27T16:00Z', '2027-01-10T16:00Z', '1w', 'Asia/Shanghai')).toEqual([
      '2026-12-27T16:00:00.000Z',
      '2027-01-03T16:00:00.000Z',
    ])
    expect(starts('2026-01-15T00:00Z', '2026-03-15T00:00Z', '1mo', 'Asia/Shanghai')).toEqual([
      '2026-01-15T00:00:00.000Z',
      '2026-01-31T16:00:00.000Z',
      '2026-02-28T16:00:00.000Z',
    ])
  })

  test('they are the window, without holes', () => {
    const window = { fromMs: at('2026-02-03T05:15Z'), toMs: at('2027-02-03T05:15Z') }
    for (const resolution of ['1d', '1w', '1mo', 'all'] as const) {
      const periods = periodsOf(window, resolution, 'America/New_York')
      expect(periods[0]?.fromMs).toBe(window.fromMs)
      expect(periods.at(-1)?.toMs).toBe(window.toMs)
      periods.slice(1).forEach(({ fromMs }, i) => expect(fromMs).toBe(periods[i]?.toMs))
    }
  })
})

describe('twelve months', () => {
  const isYear = (from: string, to: string) =>
    isTwelveMonths({ fromMs: at(from), toMs: at(to) }, 'Asia/Shanghai')

  test('to the day, over a leap day and a zone far from Greenwich', () => {
    expect(isYear('2026-01-01T00:00+08:00', '2027-01-01T00:00+08:00')).toBe(true)
    expect(isYear('2026-01-01T00:15+08:00', '2027-01-01T00:00+08:00')).toBe(false)
    // 365 days are not the year that has a leap day.
    expect(isYear('2027-06-01T00:00+08:00', '2028-05-31T00:00+08:00')).toBe(false)
    expect(isYear('2026-01-01T00:00+08:00', '2027-01-20T00:00+08:00')).toBe(false)
    expect(iso(yearLater(at('2028-02-29T10:00+14:00'), 'Pacific/Kiritimati'))).toBe(
      '2029-02-28T20:00:00.000Z',
    )
  })
})

test('a year earlier is twelve months, in any zone on any day but the leap day', () => {
  for (const zone of ['Asia/Shanghai', 'Europe/Berlin', 'Pacific/Kiritimati', 'UTC'])
    for (let day = 0; day < 1500; day += 7) {
      const toMs = localDayStart(at('2026-01-05T09:00Z') + day * 24 * HOUR_MS, zone)
      expect(isTwelveMonths({ fromMs: yearEarlier(toMs, zone), toMs }, zone)).toBe(true)
    }
  expect(iso(yearEarlier(at('2028-02-29T00:00+08:00'), 'Asia/Shanghai'))).toBe(
    '2027-02-27T16:00:00.000Z',
  )
})

describe('the window of a question', () => {
  const now = at('2026-05-04T09:01Z')

  test('whole buckets that are due; the default ends with the newest settled one', () => {
    const settled = at('2026-05-04T08:45Z')
    const window = facilityWindow({}, settled, now)
    expect([iso(window.fromMs), iso(window.toMs)]).toEqual([
      '2026-05-03T08:45:00.000Z',
      '2026-05-04T08:45:00.000Z',
    ])
    const asked = facilityWindow(
      { from: '2026-05-04T08:07Z', to: '2026-05-04T09:30Z' },
      settled,
      now,
    )
    expect(asked).toEqual({ fromMs: at('2026-05-04T08:00Z'), toMs: settled })
  })

  test('a settler that is hours behind hides nothing', () => {
    const { toMs } = facilityWindow({}, now - 5 * HOUR_MS, now)
    expect(iso(toMs)).toBe('2026-05-04T08:45:00.000Z')
  })

  test('less than a bucket, or more than 400 days, is refused', () => {
    const code = 'E_RANGE_INVALID'
    const ask = (fromMs: number) => () =>
      facilityWindow({ from: String(fromMs) }, now - BUCKET_MS, now)
    expect(ask(now)).toThrow(expect.objectContaining({ code }))
    expect(ask(now - 401 * DAY_MS)).toThrow(expect.objectContaining({ code }))
  })
})
