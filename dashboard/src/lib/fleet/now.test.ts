import { describe, expect, it } from 'vitest'
import { ExplainAnswer } from '#schemas/api-explain.ts'
import { LedgerAnswer } from '#schemas/api-ledger.ts'
import { liveAt } from '../../../testing/stub-fleet.ts'
import { nowAt } from '../../../testing/stub-now.ts'
import { changeRows, readEarlier, windowsOf } from './changed.ts'
import { minuteOf, nowOf, settledMinute } from './now.ts'

const NOW = Date.parse('2026-11-22T08:00:30Z')
const MINUTE_MS = 60_000
const asked = { nowMs: NOW, forecast: 'none' } as const

describe('now', () => {
  const fleet = liveAt(NOW, null)
  const window = settledMinute(fleet.settled_until)
  if (window === null) throw new Error('something is settled')
  const params = new URLSearchParams({ from: String(window.fromMs), to: String(window.toMs) })
  const minute = minuteOf(LedgerAnswer.parse(nowAt('ledger', params, asked)?.body))

  it('is the newest settled minute, which the ledger adds up to', () => {
    const now = nowOf(fleet, minute)
    expect(now).toMatchObject({ minuteMs: window.fromMs, provisional: false })
    expect(now.reading).toBe(minute?.group)
  })

  it('is the last closed minute where settling has fallen behind, and says that it is provisional', () => {
    const late = { ...fleet, at: NOW + 4 * MINUTE_MS }
    expect(nowOf(late, minute)).toMatchObject({ provisional: true, reading: fleet.fleet })
    expect(nowOf(fleet, null).provisional).toBe(true)
    expect(settledMinute(null)).toBeNull()
  })
})

describe('what changed', () => {
  it('compares windows of the same length that do not overlap, on whole five minutes', () => {
    for (const earlier of ['1h', '1d', '7d'] as const) {
      const { a_from, a_to, b_from, b_to } = windowsOf(earlier, NOW)
      expect(b_to - b_from).toBe(a_to - a_from)
      expect(a_to).toBeLessThanOrEqual(b_from)
      expect(b_to % (5 * MINUTE_MS)).toBe(0)
    }
    expect(readEarlier(new URLSearchParams('vs=nonsense'))).toBe('1h')
  })

  it('printed causes sum to the printed change, and their contributors to them', () => {
    const params = new URLSearchParams(
      Object.entries(windowsOf('1h', NOW)).map(([name, ms]) => [name, String(ms)]),
    )
    const answer = ExplainAnswer.parse(nowAt('explain', params, asked)?.body)
    const change = changeRows(answer)
    const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)
    expect(sum((change?.rows ?? []).map(({ tenths }) => tenths))).toBe(change?.tenths)
    for (const { part, tenths, named, others } of change?.rows ?? []) {
      if (part !== null) expect(sum(named.map((one) => one.tenths)) + others.tenths).toBe(tenths)
    }
    expect(changeRows({ ...answer, change_ppm: null })).toBeNull()
  })
})
