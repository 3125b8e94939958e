import { describe, expect, it } from 'vitest'
import { parseTime } from './window.ts'

describe('a moment from outside', () => {
  it('is RFC 3339 with or without seconds, or epoch milliseconds', () => {
    const ms = Date.UTC(2026, 10, 23, 7, 5)
    const texts = ['2026-11-23T07:05:00Z', '2026-11-23T07:05Z', '2026-11-23T15:05+08:00', `${ms}`]
    expect(texts.map(parseTime)).toEqual([ms, ms, ms, ms])
  })

  it.each([
    '',
    'now',
    '2026-11-23',
    '2026-11-23T07:05',
    '2026-11-23T07Z',
    '2026-13-01T00:00Z',
    '-5',
  ])('is refused as %j, with what it could be', (text) => {
    expect(() => parseTime(text)).toThrow('RFC 3339')
  })
})
