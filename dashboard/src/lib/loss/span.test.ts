import { expect, it } from 'vitest'
import {
  localMoment,
  localText,
  readSpan,
  type Span,
  spanParams,
  weeksToChoose,
  writeSpan,
} from './span.ts'

const ZONE = 'Asia/Shanghai'
const NOW = Date.parse('2026-11-23T15:00:30Z')

it('reads back what it writes; what is unreadable is the last day', () => {
  const spans: Span[] = [
    { kind: 'last', key: '24h' },
    { kind: 'last', key: '7d' },
    { kind: 'week', week: '2026-W47' },
    { kind: 'between', fromMs: NOW - 7_200_000, toMs: NOW },
  ]
  for (const span of spans) {
    const params = writeSpan(new URLSearchParams('by=job&page=2&cursor=x'), span)
    expect(readSpan(params, ZONE)).toEqual(span)
    expect([params.get('by'), params.get('cursor')]).toEqual(['job', null])
  }
  expect(readSpan(new URLSearchParams('week=2025-W53&range=1y'), ZONE)).toEqual(spans[0])
})

it('asks for whole weeks of the site, and leaves open what the server knows better', () => {
  expect(spanParams({ kind: 'last', key: '24h' }, NOW, ZONE)).toEqual({ from: null, to: null })
  expect(spanParams({ kind: 'week', week: '2026-W47' }, NOW, ZONE)).toEqual({
    from: Date.parse('2026-11-15T16:00:00Z'),
    to: Date.parse('2026-11-22T16:00:00Z'),
  })
  const { from } = spanParams({ kind: 'last', key: '7d' }, NOW, ZONE)
  expect(from).toBe(Date.parse('2026-11-16T15:00:00Z'))
  expect(weeksToChoose(NOW, ZONE).slice(0, 2)).toEqual(['2026-W48', '2026-W47'])
})

it('fields of dates speak the clock of the site', () => {
  expect(localText(NOW, ZONE)).toBe('2026-11-23T23:00')
  expect(localMoment('2026-11-23T23:00', ZONE)).toBe(Date.parse('2026-11-23T15:00:00Z'))
  expect(localMoment('', ZONE)).toBeNull()
})
