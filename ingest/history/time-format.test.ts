import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTimeReader } from './time-format.ts'

const read = (text: string, format: string, zone = 'UTC') =>
  createTimeReader({ format, zone })(text)
const utc = (text: string) => Date.parse(text)

describe('times of a file', () => {
  it('reads wall times of a zone, whole days and stamps with a zone of their own', () => {
    expect(read('2020-05-01 00:00:00', 'iso', 'Asia/Shanghai')).toBe(utc('2020-04-30T16:00:00Z'))
    expect(read('2020-05-01', 'iso', 'Asia/Shanghai')).toBe(utc('2020-04-30T16:00:00Z'))
    expect(read('2020-05-01T00:00:00.250+02:00', 'iso', 'Asia/Shanghai')).toBe(
      utc('2020-04-30T22:00:00.250Z'),
    )
    expect(read('02-18-2022 01:58:10.314', 'MM-DD-YYYY hh:mm:ss.SSS')).toBe(
      utc('2022-02-18T01:58:10.314Z'),
    )
    expect(read('1588262400.5', 'epoch_s')).toBe(1_588_262_400_500)
    expect(read('1588262400500', 'epoch_ms')).toBe(1_588_262_400_500)
  })

  it('takes the first of two equal wall times, and none that clocks left out', () => {
    expect(read('2026-10-25 02:30', 'iso', 'Europe/Berlin')).toBe(utc('2026-10-25T00:30:00Z'))
    expect(read('2026-03-29 02:30', 'iso', 'Europe/Berlin')).toBeNull()
    expect(read('2026-03-29 03:30', 'iso', 'Europe/Berlin')).toBe(utc('2026-03-29T01:30:00Z'))
  })

  it('refuses what is no time', () => {
    for (const text of ['', 'x', '2026-02-30 10:00', '2026-13-01', '2026-01-01 24:00'])
      expect(read(text, 'iso')).toBeNull()
    expect(read('-5', 'epoch_s')).toBeNull()
    expect(() => createTimeReader({ format: 'hh:mm', zone: 'UTC' })).toThrow('needs YYYY, MM')
    expect(() => createTimeReader({ format: 'YYYY-MM-DD DD', zone: 'UTC' })).toThrow('each part')
  })

  it('comes back to the wall time that Intl shows, in zones with and without changes', () => {
    const zones = fc.constantFrom('Asia/Shanghai', 'America/New_York', 'Australia/Lord_Howe')
    const minute = fc.integer({ min: 25_000_000, max: 31_000_000 })
    fc.assert(
      fc.property(zones, minute, (zone, at) => {
        const ms = at * 60_000
        const wall = new Intl.DateTimeFormat('sv-SE', {
          timeZone: zone,
          dateStyle: 'short',
          timeStyle: 'medium',
        }).format(ms)
        const back = read(wall, 'iso', zone)
        // The second of two equal wall times is read as the first.
        expect([ms, ms - 3_600_000, ms - 1_800_000]).toContain(back)
      }),
    )
  })
})
