import { describe, expect, it } from 'vitest'
import { clock, day, epochMs, knownZone, zoneLabel } from './time.ts'

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
