import { expect, it } from 'vitest'
import { alertItem } from './alerts.testing.ts'
import {
  endMs,
  matchersOf,
  matcherText,
  namedMatchers,
  operatorOf,
  OPERATORS,
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
