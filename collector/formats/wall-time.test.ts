import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTimeReader, DATE_ORDERS, isTimeZone } from './wall-time.ts'

const at = (text: string) => Date.parse(text)
const read = (
  text: string,
  zone: string | null = null,
  order: (typeof DATE_ORDERS)[number] = 'ymd',
) => createTimeReader({ zone, order })(text)

describe('times of exports', () => {
  it('with an offset of their own', () => {
    for (const text of [
      '2026-03-01T10:00:00Z',
      '2026-03-01 18:00:00+08:00',
      '2026/3/1 18:00 +0800',
    ])
      expect(read(text), text).toBe(at('2026-03-01T10:00:00Z'))
    expect(read('2026-03-01T10:00:00.250Z')).toBe(at('2026-03-01T10:00:00.250Z'))
  })

  it('since 1970', () => {
    expect(read('1772359200')).toBe(1_772_359_200_000)
    expect(read('1772359200.5')).toBe(1_772_359_200_500)
    expect(read('1772359200123')).toBe(1_772_359_200_123)
  })

  it('of a zone; eight hours are not lost', () => {
    expect(read('2026-03-01 18:00:00', 'Asia/Shanghai')).toBe(at('2026-03-01T10:00:00Z'))
    expect(read('2026年3月1日 18:00', 'Asia/Shanghai')).toBe(at('2026-03-01T10:00:00Z'))
    expect(read('2026-03-01 18:00:00')).toBe('no_time_zone')
  })

  it('day or month first, AM and PM', () => {
    expect(read('03/04/2026 12:30 AM', 'UTC', 'dmy')).toBe(at('2026-04-03T00:30:00Z'))
    expect(read('03/04/2026 12:30 PM', 'UTC', 'mdy')).toBe(at('2026-03-04T12:30:00Z'))
    expect(read('2026-03-04', 'UTC', 'dmy')).toBe(at('2026-03-04T00:00:00Z'))
  })

  it('a time that clocks left out is none, one they had twice is not guessed', () => {
    expect(read('2026-03-29 02:30', 'Europe/Berlin')).toBe('no_time')
    expect(read('2026-10-25 02:30', 'Europe/Berlin')).toBe('ambiguous_time')
    expect(read('2026-10-25 03:00', 'Europe/Berlin')).toBe(at('2026-10-25T02:00:00Z'))
    expect(read('2026-10-25 01:59', 'Europe/Berlin')).toBe(at('2026-10-24T23:59:00Z'))
  })

  it('no date at all', () => {
    for (const text of [
      '',
      'noon',
      '2026-02-30 10:00Z',
      '2026-13-01Z',
      '25:00',
      '2026-01-01 24:01Z',
      '13:00 PM',
    ])
      expect(read(text), text).toBe('no_time')
    expect(read('03/04/2026', 'UTC')).toBe('no_time')
    expect(isTimeZone('Asia/Shanghai')).toBe(true)
    expect(isTimeZone('Asia/Nowhere')).toBe(false)
  })

  it('every instant comes back, in zones with and without clock changes', () => {
    const instants = fc.integer({ min: at('2000-01-01'), max: at('2040-01-01') })
    fc.assert(
      fc.property(
        instants,
        fc.constantFrom('UTC', 'Asia/Shanghai', 'Europe/Berlin', 'Australia/Lord_Howe'),
        (ms, zone) => {
          const whole = ms - (ms % 1000)
          const wall = new Date(whole).toLocaleString('sv-SE', { timeZone: zone })
          const got = read(wall, zone)
          if (got !== 'ambiguous_time') expect(got).toBe(whole)
          expect(read(new Date(ms).toISOString())).toBe(ms)
        },
      ),
    )
  })

  it('any text is a time or a reason', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), fc.constantFrom(...DATE_ORDERS), (text, order) => {
        expect(['number', 'string']).toContain(typeof read(text, 'Asia/Shanghai', order))
      }),
    )
  })
})
