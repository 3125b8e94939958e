import { expect, it } from 'vitest'
import { type ValueRule, ValueRule as ValueRuleSchema } from '#schemas/alerts/rule.ts'
import type { AlertFacts } from '#schemas/alerts/ports.ts'
import { withSilentRules } from './silent-signal.ts'

const rule = (name: string, signal: string): ValueRule =>
  ValueRuleSchema.parse({
    name,
    lane: 'value',
    signal,
    compare: 'above',
    level: 'device',
    title: { en: name, zh: name },
    action: { en: 'look', zh: '查看' },
    no_data: 'ignore',
    thresholds: [{ severity: 'ticket', set: 1, reset: 0, for: 60, reset_for: 60 }],
  })

it('a rule is silent of what its signal did not cover when it was asked, and no longer when it does', async () => {
  const covers: Record<string, Record<string, number>> = {
    coverage_ratio: { nvidia: 8, huawei: 16 },
    link: { nvidia: 8 },
    leak: {},
  }
  const no = () => Promise.reject(new Error('not here'))
  const plain: AlertFacts = {
    zoneScopes: no,
    zoneSlices: no,
    places: no,
    plans: no,
    settledUntilMs: no,
    explain: no,
    contingency: no,
    lossPerHour: no,
    scheduler: no,
    eventsAfter: no,
    standing: no,
    signal: async (name) => ({ atMs: 0, rows: [], covered: covers[name] ?? {} }),
  }
  const rules = [rule('links', 'link'), rule('leaks', 'leak'), rule('later', 'margin')]
  const facts = withSilentRules(plain, { rules: () => rules, clock: () => 5 })
  expect((await facts.signal('rule_silent')).rows).toEqual([])
  for (const name of ['coverage_ratio', 'link', 'leak']) await facts.signal(name)
  const told = await facts.signal('rule_silent')
  expect(told.rows.map(({ labels, value }) => [labels, value])).toEqual([
    [{ rule: 'links', vendor: 'huawei' }, 1],
    [{ rule: 'leaks' }, 1],
  ])
  expect(told.rows[0]?.what?.en).toBe('The rule "links" does not cover any huawei device')
  expect(told.covered).toEqual({ '': 3 })
  covers['link'] = { nvidia: 8, huawei: 16 }
  covers['leak'] = { '': 3 }
  for (const name of ['link', 'leak']) await facts.signal(name)
  expect((await facts.signal('rule_silent')).rows).toEqual([])
})
