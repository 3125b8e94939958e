import { describe, expect, it } from 'vitest'
import { aboutText, fieldOf, markOf, momentOf, timeText } from './note-text.ts'
import { enNotes } from '#lib/i18n/en-notes.ts'

const zone = 'Asia/Shanghai'
const at = Date.UTC(2026, 4, 1, 10)
const note = {
  id: '0'.repeat(16),
  kind: 'rollout' as const,
  title: 'driver 570',
  text: '',
  scope: {},
  from_ms: at,
  to_ms: null,
  by: 'maria',
  at_ms: at,
}

describe('notes in words', () => {
  it('say when by the site’s clock, and the day again where it is another', () => {
    const words = { lang: 'en' as const, zone }
    expect(timeText(note, words)).toBe('Fri 1 May 18:00')
    expect(timeText({ ...note, to_ms: at + 7_200_000 }, words)).toBe('Fri 1 May 18:00–20:00')
    expect(timeText({ ...note, to_ms: at + 8 * 3_600_000 }, words)).toBe(
      'Fri 1 May 18:00 – Sat 2 May 02:00',
    )
  })

  it('are one line on the axis', () => {
    expect(markOf(note, { lang: 'en', zone, m: enNotes }).text).toBe(
      'Roll-out: driver 570 (Fri 1 May 18:00, maria)',
    )
  })

  it('name the narrowest place and who, not what follows from it', () => {
    const about = (scope: Parameters<typeof aboutText>[0]['scope']) => aboutText({ scope }, enNotes)
    expect(about({})).toBe('whole fleet')
    expect(about({ cluster: 'c1', hall: 'h1', rack: 'r1', node: 'n1', pool: 'p' })).toBe('node n1')
    expect(about({ tenant: 'atlas' })).toBe('tenant atlas')
    expect(about({ pool: 'p', hall: 'h1', job: '7' })).toBe('hall h1, job 7')
  })
})

describe('moments of the site’s clock', () => {
  it.each(['Asia/Shanghai', 'America/New_York', 'UTC', 'Asia/Kolkata'])(
    '%s: there and back',
    (zone) => {
      for (const ms of [
        at,
        Date.UTC(2026, 0, 1),
        Date.UTC(2026, 10, 1, 12),
        Date.UTC(2026, 2, 8, 12),
      ])
        expect(momentOf(fieldOf(ms, zone), zone)).toBe(ms)
    },
  )
  it.each(['', 'yesterday', '2026-13-01T00:00'])('%s is none', (text) => {
    expect(momentOf(text, zone)).toBeNull()
  })
})
