import { expect, it } from 'vitest'
import { alertItem } from './alerts.testing.ts'
import {
  endMs,
  matchersOf,
  matcherText,
  namedMatchers,
  operatorOf,
  OPERATORS,
  windowOf,
  withOperator,
} from './silence-draft.ts'

const plain = (label: string, value: string) => ({ label, value, is_regex: false, is_equal: true })

it('a silence of an alert is of that alert: its rule and every label', () => {
  const alert = alertItem({ rule: 'cdu_flow', labels: { rack: 'h1-r03', loop: 'h1', rule: 'x' } })
  expect(matchersOf(alert)).toEqual([
    plain('rule', 'cdu_flow'),
    plain('loop', 'h1'),
    plain('rack', 'h1-r03'),
  ])
})

it('ends are hours from now', () => {
  expect(endMs('4h', 1_000)).toBe(4 * 3_600_000 + 1_000)
})

it('a window to come is typed by the clock of the site', () => {
  const nowMs = Date.UTC(2026, 10, 24, 6)
  const of = (begin: string, end: '4h' | 'at', finish = '') =>
    windowOf({ begin, end, finish }, nowMs, 'Asia/Shanghai')
  const tenMs = Date.UTC(2026, 10, 25, 14)
  expect(of('2026-11-25T22:00', '4h')).toEqual({ fromMs: tenMs, toMs: tenMs + 4 * 3_600_000 })
  expect(of('2026-11-25T22:00', 'at', '2026-11-26T06:30')).toEqual({
    fromMs: tenMs,
    toMs: Date.UTC(2026, 10, 25, 22, 30),
  })
  // Without a begin, or with one that is over, it is from now on.
  expect(of('', '4h')).toEqual({ fromMs: null, toMs: nowMs + 4 * 3_600_000 })
  expect(of('2026-11-24T13:00', '4h')).toEqual({ fromMs: null, toMs: nowMs + 4 * 3_600_000 })
  for (const finish of ['', '2026-11-25T22:00', '2026-11-25T21:00'])
    expect(of('2026-11-25T22:00', 'at', finish)).toBeNull()
  expect(of('soon', '4h')).toBeNull()
})

it('operators come back as they were chosen, and read as signs', () => {
  const matcher = plain('rack', 'h1-.*')
  for (const operator of OPERATORS)
    expect(operatorOf(withOperator(matcher, operator))).toBe(operator)
  expect(matcherText(withOperator(matcher, 'unlike'), { rack: '机柜' })).toBe('机柜 !~ h1-.*')
  expect(matcherText(matcher, {})).toBe('rack = h1-.*')
})

it('what would make every alert silent is no silence', () => {
  expect(namedMatchers([plain('rack', '  ')])).toEqual([])
  expect(namedMatchers([withOperator(plain('rack', 'a'), 'not')])).toEqual([])
  expect(namedMatchers([withOperator(plain('rack', '.*'), 'like')])).toEqual([])
  expect(namedMatchers([plain('rack', ' a '), plain('hall', '')])).toEqual([plain('rack', 'a')])
})
