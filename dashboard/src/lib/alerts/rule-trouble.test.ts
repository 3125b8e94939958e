import { expect, it } from 'vitest'
import type { AlertRuleItem } from '#schemas/api-alerts.ts'
import { rulesWith, rulesWorstFirst, troubleOf } from './rule-trouble.ts'

const rule = (over: Partial<AlertRuleItem>): AlertRuleItem => ({
  name: 'ecc_uncorrected',
  title: { en: 'Uncorrected memory errors', zh: '不可纠正的内存错误' },
  action: { en: 'Drain it', zh: '排空' },
  lane: 'value',
  level: 'device',
  severities: ['warn'],
  urgent: false,
  enabled: true,
  trust: 'paging',
  origin: 'pack',
  vendors: [],
  covered: { nvidia: 40_000, huawei: 10_000 },
  last_match_ms: null,
  last_evaluated_ms: null,
  seconds: null,
  error: null,
  open: 0,
  would_have_paged: null,
  runbook: null,
  unit: null,
  compare: 'above',
  thresholds: [],
  ...over,
})

it('a rule that covers nothing, or nothing of a vendor it is meant for, is in trouble', () => {
  expect(troubleOf(rule({}))).toBeNull()
  expect(troubleOf(rule({ covered: null }))).toBeNull()
  expect(troubleOf(rule({ covered: { nvidia: 0 } }))).toEqual({ kind: 'nothing' })
  expect(troubleOf(rule({ covered: {} }))).toEqual({ kind: 'nothing' })
  const half = { covered: { nvidia: 8, huawei: 0 } }
  expect(troubleOf(rule(half))).toBeNull()
  expect(troubleOf(rule({ ...half, vendors: ['nvidia', 'huawei'] }))).toEqual({
    kind: 'nothing-of',
    vendors: ['huawei'],
  })
  expect(troubleOf(rule({ error: 'the store is away', covered: {} }))).toMatchObject({
    kind: 'error',
  })
  expect(troubleOf(rule({ error: 'x', enabled: false }))).toBeNull()
})

it('faults first, then open ones, then the severe, and those switched off last', () => {
  const order = rulesWorstFirst([
    rule({ name: 'off', enabled: false }),
    rule({ name: 'ticket', severities: ['ticket'] }),
    rule({ name: 'page', severities: ['warn', 'page'] }),
    rule({ name: 'open', open: 2 }),
    rule({ name: 'silent', covered: {} }),
  ])
  expect(order.map(({ name }) => name)).toEqual(['silent', 'open', 'page', 'ticket', 'off'])
})

it('is found by its name and by its title in both languages', () => {
  const rules = [rule({}), rule({ name: 'leak', title: { en: 'Leak', zh: '漏液' } })]
  expect(rulesWith(rules, ' ECC')).toHaveLength(1)
  expect(rulesWith(rules, '漏液')[0]?.name).toBe('leak')
  expect(rulesWith(rules, '')).toHaveLength(2)
})
