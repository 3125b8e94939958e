import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTime } from './local-time.ts'

const iso = (text: string, timeZone = 'Asia/Shanghai') => {
  const read = readTime(text, timeZone)
  return 'ms' in read ? new Date(read.ms).toISOString() : read.wrong
}

describe('a date', () => {
  it.each(['2026-05-01', '2026/5/1', '2026.05.01', '2026年5月1日', ' 2026-05-01 '])(
    '%j alone is the local midnight of the site',
    (text) => {
      expect(iso(text)).toBe('2026-04-30T16:00:00.000Z')
      expect(iso(text, 'UTC')).toBe('2026-05-01T00:00:00.000Z')
    },
  )

  it('begins at the first moment of its day where clocks skip or repeat midnight', () => {
    // Beirut skipped 00:00 on 2022-03-27; Havana had 00:00 to 01:00 twice on 2022-11-06.
    expect(iso('2022-03-27', 'Asia/Beirut')).toBe('2022-03-26T22:00:00.000Z')
    expect(iso('2022-11-06', 'America/Havana')).toBe('2022-11-06T04:00:00.000Z')
  })

  it('that its place never had is refused', () => {
    // Samoa went from the 29th to the 31st of December 2011.
    expect(iso('2011-12-30', 'Pacific/Apia')).toMatch(/no clock in Pacific\/Apia showed this time/)
  })

  it.each([
    ['2026-02-30', 'there is no such day'],
    ['2026-13-01', 'there is no such day'],
    ['0026-01-01', 'the year is not between 1990 and 2099'],
    ['2100-01-01', 'the year is not between 1990 and 2099'],
    ['05/01/2026', 'does not say which number is the month; write 2026-05-01'],
    ['1.5.26', 'does not say which number is the month; write 2026-05-01'],
    ['46143', "looks like a spreadsheet's number of a day; write it as text, 2026-05-01"],
    ['soon', 'cannot be read as a date; write 2026-05-01 or 2026-05-01T10:30'],
    ['2026-05/01', 'cannot be read as a date; write 2026-05-01 or 2026-05-01T10:30'],
    ['', 'cannot be read as a date; write 2026-05-01 or 2026-05-01T10:30'],
  ])('%j is refused: %s', (text, wrong) => {
    expect(iso(text)).toBe(wrong)
  })
})

describe('a time', () => {
  it.each([
    ['2026-05-01T10:30', '2026-05-01T02:30:00.000Z'],
    ['2026-05-01 10:30:15', '2026-05-01T02:30:15.000Z'],
    ['2026-05-01T10:30:15.1239', '2026-05-01T02:30:15.123Z'],
    ['2026-05-01T10:30Z', '2026-05-01T10:30:00.000Z'],
    ['2026-05-01T10:30:00-0330', '2026-05-01T14:00:00.000Z'],
    ['2026-05-01 10:30 +02:00', '2026-05-01T08:30:00.000Z'],
  ])('%s is read', (text, at) => {
    expect(iso(text)).toBe(at)
  })

  it.each([
    ['2026-05-01T24:00', 'there is no such time of day'],
    ['2026-05-01T10:30+15:00', 'there is no such offset from UTC'],
    ['2026-05-01T10:30 CEST', 'cannot be read as a date; write 2026-05-01 or 2026-05-01T10:30'],
  ])('%s is refused', (text, wrong) => {
    expect(iso(text)).toBe(wrong)
  })

  it('that clocks showed twice or never needs its offset', () => {
    expect(iso('2026-10-25T02:30', 'Europe/Berlin')).toMatch(/twice; add the offset/)
    expect(iso('2026-03-29T02:30', 'Europe/Berlin')).toMatch(/no clock in Europe\/Berlin/)
    expect(iso('2026-10-25T02:30+02:00', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z')
  })
})

describe('for any moment', () => {
  const zones = fc.constantFrom(
    'UTC',
    'Asia/Shanghai',
    'Europe/Berlin',
    'America/St_Johns',
    'Asia/Kathmandu',
  )
  const minutes = fc.integer({
    min: Date.UTC(1995, 0, 1) / 60_000,
    max: Date.UTC(2098, 0, 1) / 60_000,
  })

  it('the wall clock of a zone leads back to it, or is refused as shown twice', () => {
    fc.assert(
      fc.property(minutes, zones, (minute, timeZone) => {
        const ms = minute * 60_000
        const wall = new Date(ms).toLocaleString('sv-SE', { timeZone })
        const read = readTime(wall, timeZone)
        if ('ms' in read) expect(read.ms).toBe(ms)
        else expect(read.wrong).toMatch(/twice/)
      }),
    )
  })

  it('what is no moment is told, never thrown', () => {
    fc.assert(
      fc.property(fc.string(), zones, (text, timeZone) => {
        const read = readTime(text, timeZone)
        expect('ms' in read ? read.ms > 0 : read.wrong.length > 0).toBe(true)
      }),
    )
  })
})
