import { describe, expect, it } from 'vitest'
import { clock, day, days, epochMs, knownZone, zoneLabel } from './time.ts'

const at = Date.parse('2026-11-22T17:05:09Z')

describe('times', () => {
  it('are told in the time zone of the site, not of the reader', () => {
    expect(clock(at, 'en', 'Asia/Shanghai')).toBe('01:05')
    expect(clock(at, 'en', 'UTC')).toBe('17:05')
    expect(day(at, 'en', 'Asia/Shanghai')).toContain('23')
    expect(day(at, 'zh', 'UTC')).toContain('22')
  })

  it('midnight is 00:00, not 24:00', () => {
    expect(clock(Date.parse('2026-11-22T16:00:00Z'), 'zh', 'Asia/Shanghai')).toBe('00:00')
  })

  it('of whole days carry their year once', () => {
    const range = { fromMs: Date.parse('2026-10-31T16:00:00Z'), lastMs: at }
    const plain = days(range, 'en', 'Asia/Shanghai').replaceAll(/\s/g, ' ')
    expect(plain).toMatch(/^1\s?[–-]\s?23 Nov 2026$/)
    expect(days(range, 'zh', 'Asia/Shanghai')).toBe('2026年11月1日 – 2026年11月23日')
    expect(days({ fromMs: at, lastMs: at - 1 }, 'en', 'UTC')).toBe('22 Nov 2026')
    expect(days({ fromMs: null, lastMs: at }, 'en', 'UTC')).toBe('—')
  })

  it('carry the name and offset of their zone', () => {
    expect(zoneLabel('Asia/Shanghai', at)).toBe('Asia/Shanghai, UTC+8')
    expect(zoneLabel('UTC', at)).toBe('UTC')
  })

  it('fall back to UTC for a zone the browser does not know', () => {
    expect(knownZone('Mars/Olympus')).toBe('UTC')
    expect(knownZone('Europe/Berlin')).toBe('Europe/Berlin')
  })

  it('read RFC 3339 and epoch ms, and nothing else', () => {
    expect(epochMs('2026-11-22T17:05:09Z')).toBe(at)
    expect(epochMs(at)).toBe(at)
    expect(epochMs('yesterday')).toBeNull()
    expect(epochMs(null)).toBeNull()
  })
})
