import { describe, expect, it } from 'vitest'
import {
  chartResolution,
  readSpan,
  readStep,
  spanFromSelection,
  spanWindow,
  tableSteps,
  writeSpan,
} from './span.ts'

const params = (text: string) => new URLSearchParams(text)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const nowMs = Date.parse('2026-11-23T12:07:00Z')

describe('the window in the address', () => {
  it('is 24 h where nothing or nonsense is said', () => {
    expect(readSpan(params(''))).toEqual({ kind: 'last', key: '24h' })
    expect(readSpan(params('range=5y'))).toEqual({ kind: 'last', key: '24h' })
  })

  it('comes back as it was written, and the usual one leaves no trace', () => {
    for (const span of [
      { kind: 'last', key: '12mo' },
      { kind: 'between', fromMs: nowMs - DAY_MS, toMs: nowMs },
    ] as const)
      expect(readSpan(writeSpan(params('x=1'), span))).toEqual(span)
    const text = writeSpan(params('range=7d&by=1w&x=1'), { kind: 'last', key: '24h' }).toString()
    expect(text).toBe('x=1')
  })

  it('a drag becomes whole quarters of an hour, at least one hour, in either direction', () => {
    const from = Date.parse('2026-11-23T10:07:00Z')
    const dragged = { kind: 'between', fromMs: Date.parse('2026-11-23T10:00:00Z') } as const
    const to = Date.parse('2026-11-23T11:31:00Z')
    const wide = { ...dragged, toMs: Date.parse('2026-11-23T11:45:00Z') }
    expect(spanFromSelection(from, to)).toEqual(wide)
    expect(spanFromSelection(to, from)).toEqual(wide)
    expect(spanFromSelection(from, from + 1)).toEqual({
      ...dragged,
      toMs: dragged.fromMs + HOUR_MS,
    })
  })
})

describe('what the server is asked for', () => {
  it('windows that follow the clock end where energy is settled', () => {
    expect(spanWindow({ kind: 'last', key: '24h' }, nowMs)).toEqual({ fromMs: null, toMs: null })
    expect(spanWindow({ kind: 'last', key: '7d' }, nowMs)).toEqual({
      fromMs: Date.parse('2026-11-16T12:00:00Z'),
      toMs: null,
    })
  })

  it('twelve months are more than a year before what is settled: less is no PUE', () => {
    const { fromMs } = spanWindow({ kind: 'last', key: '12mo' }, nowMs)
    expect(fromMs).toBe(Date.parse('2025-11-23T09:00:00Z'))
  })

  it('the chart has some hundreds of periods at most', () => {
    const between = (days: number) =>
      chartResolution({ kind: 'between', fromMs: nowMs - days * DAY_MS, toMs: nowMs })
    expect([between(1), between(3), between(4), between(31), between(32)]).toEqual([
      '15m',
      '15m',
      '1h',
      '1h',
      '1d',
    ])
  })

  it('the table is cut into what the window can be cut into', () => {
    expect(tableSteps({ kind: 'last', key: '24h' })).toEqual(['1h'])
    expect(readStep(params('by=1w'), { kind: 'last', key: '30d' })).toBe('1w')
    expect(readStep(params('by=1h'), { kind: 'last', key: '12mo' })).toBe('1mo')
  })
})
