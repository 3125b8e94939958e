import { describe, expect, it } from 'vitest'
import { rangeFromSelection, rangeWindow, readRange, refreshEveryMs, writeRange } from './range.ts'

const read = (text: string) => readRange(new URLSearchParams(text))
const now = Date.parse('2026-11-22T17:05:39Z')

describe('the range in the address', () => {
  it('is 24 h when the address says nothing or nonsense', () => {
    for (const text of ['', 'range=5y', 'from=1', 'from=200&to=100', 'from=-5&to=1e99', 'to=x']) {
      expect(read(text)).toEqual({ kind: 'last', key: '24h' })
    }
  })

  it('survives writing and reading', () => {
    for (const text of ['range=1h', 'range=7d', 'from=1700000000000&to=1700003600000']) {
      expect(writeRange(new URLSearchParams(), read(text)).toString()).toBe(text)
    }
    expect(writeRange(new URLSearchParams('by=model&range=7d'), read('')).toString()).toBe(
      'by=model',
    )
  })

  it('an absurdly long window is refused before the server has to', () => {
    expect(read('from=0&to=1700000000000')).toEqual({ kind: 'last', key: '24h' })
  })
})

describe('the window', () => {
  it('ends at the last whole minute', () => {
    const { fromMs, toMs } = rangeWindow({ kind: 'last', key: '1h' }, now)
    expect(new Date(toMs).toISOString()).toBe('2026-11-22T17:05:00.000Z')
    expect(toMs - fromMs).toBe(3_600_000)
  })

  it('of a dragged selection is whole minutes, either way it was dragged, and never empty', () => {
    const forward = rangeFromSelection(now, now + 125_000)
    expect(rangeFromSelection(now + 125_000, now)).toEqual(forward)
    expect(rangeWindow(forward, 0).toMs - rangeWindow(forward, 0).fromMs).toBe(180_000)
    const tiny = rangeWindow(rangeFromSelection(now, now + 1), 0)
    expect(tiny.toMs - tiny.fromMs).toBe(120_000)
  })

  it('of fixed ends is not asked for again', () => {
    expect(refreshEveryMs({ kind: 'between', fromMs: 0, toMs: 1 })).toBeNull()
    expect(refreshEveryMs({ kind: 'last', key: '1h' })).toBe(60_000)
  })
})
