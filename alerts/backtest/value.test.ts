import { describe, expect, it } from 'vitest'
import { ValueRule } from '#schemas/alerts/rule.ts'
import { valueRule } from '../engine/engine.testing.ts'
import { backtestValue } from './value.ts'

const MONDAY = Date.UTC(2026, 0, 5)

describe('backtest of a value rule', () => {
  it('replays its signal through the engine', () => {
    const rule = ValueRule.parse({
      name: 'idle_cost',
      title: { en: 'Idle', zh: '空闲' },
      action: { en: 'Ask.', zh: '询问。' },
      level: 'site',
      lane: 'value',
      signal: 'idle_cost',
      compare: 'above',
      thresholds: [{ severity: 'warn', set: 10, reset: 8, for: 60, reset_for: 60 }],
    })
    const answers = Array.from({ length: 200 }, (_, at) => ({
      atMs: MONDAY + at * 15_000,
      rows: [{ labels: { tenant: 'chat' }, value: at >= 50 && at < 100 ? 20 : 1 }],
      covered: { '': 1 },
    }))
    const found = backtestValue(
      { rule: rule.name, fromMs: MONDAY, toMs: MONDAY + 200 * 15_000 },
      rule,
      answers,
    )
    expect(found.told).toMatchObject([
      { scope: 'chat', severity: 'warn', fromMs: MONDAY + 54 * 15_000 },
    ])
    expect(found.told[0]?.toMs).toBe(MONDAY + 104 * 15_000)
  })

  it('judged is what share of its series had a value', () => {
    const rule = valueRule()
    const rows = [
      { labels: { cluster: 'a' }, value: 60 },
      { labels: { cluster: 'b' }, value: null },
    ]
    const answers = [
      { atMs: MONDAY + 300_000, rows, covered: { '': 2 } },
      { atMs: MONDAY + 600_000, rows: [], covered: { '': 1 } },
    ]
    const window = { rule: rule.name, fromMs: MONDAY, toMs: MONDAY + 600_000 }
    expect(backtestValue(window, rule, answers).judged).toBe(0.75)
  })
})
