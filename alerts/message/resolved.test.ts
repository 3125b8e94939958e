import { describe, expect, it } from 'vitest'
import type { Alert } from '#schemas/alerts/alert.ts'
import type { Rule } from '#schemas/alerts/rule.ts'
import { ALERT_LABELS, type AlertLabels } from '#schemas/alerts/severity.ts'
import { readYaml } from '../../cli/import/yaml-document.ts'
import { isSignalName, SIGNAL_TABLE } from '../../query/alerts/signals.ts'
import { BECAUSE } from '../engine/evaluation.ts'
import { OWN_RULES } from '../engine/own-rules.ts'
import { loadRules } from '../rules/load.ts'
import { FIRST_LINE_MAX } from './figures.ts'
import { ruleWordsOf } from './group.ts'
import { renderLines } from './lines.ts'
import { anAlert, AT, FORBIDDEN } from './message.testing.ts'

const pack = await loadRules({
  read: (text, schema, file) => readYaml(text, schema, file).data,
  hasSignal: isSignalName,
})
const rules = [...[...pack.rules.values()].map(({ rule }) => rule), ...OWN_RULES]

const PLACES: AlertLabels = {
  cluster: 'aurora',
  hall: 'hall-a1',
  rack: 'a1-r02',
  node: 'a1-r02-n03',
  tenant: 'borealis',
  job: 'borealis-pretrain-118',
  meter: 'busway-a1-3',
  shard: 'ingest-2',
  rule: 'coolant_flow',
  collector: 'aurora-2',
}

function labelsOf(rule: Rule): AlertLabels {
  const signal = rule.lane === 'value' && isSignalName(rule.signal) ? rule.signal : null
  const event = ['cluster', 'hall', 'rack', 'node']
  const names: readonly string[] = signal === null ? event : SIGNAL_TABLE[signal].labels
  return Object.fromEntries(
    ALERT_LABELS.flatMap((name) => {
      const value = names.includes(name) ? PLACES[name] : undefined
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** What the figures say when it is over: nothing is wrong, in the words of what was. */
const over = (rule: Rule, change: Partial<Omit<Alert, 'reading'>> = {}) =>
  anAlert({
    rule: rule.name,
    labels: rule.lane === 'zone' ? { zone_set: 'fleet' } : labelsOf(rule),
    state: 'resolved',
    resolved_ms: AT + 125 * 60_000,
    cost_usd: 15_800,
    ...change,
    reading: {
      value: rule.lane === 'value' && rule.compare === 'below' ? 0.98 : 0.01,
      coverage: 0.98,
      devices: 0,
      usd_per_hour: 0,
      what:
        rule.lane === 'zone'
          ? { en: 'Fleet busy 64.1 %', zh: '全部设备忙碌率 64.1 %' }
          : { en: '0 of 680 devices are wrong', zh: '680 卡中 0 卡异常' },
      known: null,
    },
  })

const ruleWords = (name: string) => {
  const rule = rules.find((one) => one.name === name)
  return rule === undefined ? null : ruleWordsOf(rule)
}
const said = (alerts: readonly Alert[]) =>
  renderLines(
    { reason: 'resolved', severity: 'page', alerts, ruleWords },
    { timeZone: 'Asia/Shanghai', nowMs: AT + 126 * 60_000 },
  )

describe('the resolve message of each rule', () => {
  for (const rule of rules)
    it(rule.name, () => {
      const { en, zh } = said([over(rule)])
      for (const [first = '', ...more] of [en, zh]) {
        // Seen when this file runs alone: all that people read when something is over.
        if (process.env['SHOW_LINES'] !== undefined) console.log(first)
        expect(Array.from(first).length).toBeLessThanOrEqual(FIRST_LINE_MAX)
        expect(first).not.toMatch(/[{}…]|\bundefined\b/)
        expect([first, ...more].join('\n')).not.toMatch(FORBIDDEN)
        expect(first).not.toMatch(/\b0 of\b|0 卡|since |自 /)
      }
      expect(en[0]).toMatch(/^\[OK\] .* at 05:00\. .*2 h 5 min.*, \$15,800\.$/)
      expect(zh[0]).toMatch(/^\[恢复\] .*，05:00。.*2 小时 5 分钟.*，损失 \$15,800。$/)
      expect(en[0]).not.toContain(rule.title.en)
      // Chinese says that it is over by a word before or after the same words.
      if (zh[0]?.includes(rule.title.zh)) expect(zh[0]).toMatch(/不再|没有/)
    })

  it('no two rules say the same', () => {
    const texts = rules.map(({ resolved }) => resolved?.en)
    expect(new Set(texts).size).toBe(rules.length)
    expect(new Set(rules.map(({ resolved }) => resolved?.zh)).size).toBe(rules.length)
  })

  it('names the place and the value of now', () => {
    const first = (name: string, change: Partial<Omit<Alert, 'reading'>> = {}) =>
      said(rules.filter((rule) => rule.name === name).map((rule) => over(rule, change))).en[0]
    expect(first('coverage_low')).toBe(
      '[OK] hall-a1: 98 % of devices report at 05:00. Lasted 2 h 5 min, $15,800.',
    )
    expect(first('mass_idle')).toBe(
      '[OK] Devices no longer go idle together (some may still be idle) at 05:00. Lasted 2 h 5 min, $15,800.',
    )
    expect(first('job_stalled', { labels: { job: 'j'.repeat(90) } })).toMatch(
      /^\[OK\] j+…: The job no longer looks stalled at 05:00\. Lasted 2 h 5 min, \$15,800\.$/,
    )
  })
})

describe('a zone that was left', () => {
  const zone = rules.filter(({ lane }) => lane === 'zone')
  it('says what restored it', () => {
    const because = {
      en: 'job 884311 (atlas, 448 devices) works again 05:20, +21.3 points',
      zh: '任务 884311（atlas，448 卡）05:20 恢复工作，+21.3 个百分点',
    }
    const { en, zh } = said(zone.map((rule) => over(rule, { because })))
    expect(en.slice(0, 2)).toEqual([
      '[OK] Fleet busy 64.1 % at 05:00. 2 h 5 min under the line, $15,800.',
      `Restored by: ${because.en}`,
    ])
    expect(zh[1]).toBe(`恢复原因：${because.zh}`)
  })
})

describe('an alert that ended without a word about how things are', () => {
  const [rule] = rules.filter(({ name }) => name === 'device_fault')
  const ended = (because: Alert['because']) =>
    said(rule === undefined ? [] : [over(rule, { because })])
  it('is no OK', () => {
    for (const because of [BECAUSE.gone, BECAUSE.ruleGone, BECAUSE.quiet, BECAUSE.dataAgain]) {
      const { en, zh } = ended(because)
      expect(en[0]).toMatch(/^\[ENDED\] .*, at 05:00\. Lasted 2 h 5 min, \$15,800\.$/)
      expect(en[1]).toBe(`Ended by: ${because.en}`)
      expect(zh[0]).toMatch(/^\[结束\] /)
    }
    expect(ended(BECAUSE.closed).en[0]).toMatch(/^\[OK\] a1-r02-n03: The device no longer reports/)
  })
  it('nor is one of a rule that does not say what is well, or that nobody knows', () => {
    const unknown = said([anAlert({ rule: 'gone', state: 'resolved', resolved_ms: AT + 60_000 })])
    expect(unknown.en[0]).toMatch(/^\[ENDED\] Fleet busy 58\.4 %, under the 60 % line, at 02:56\./)
  })
  it('and of several that ended one is enough', () => {
    if (rule === undefined) throw new Error('no such rule')
    const [well, quiet] = [
      over(rule, { labels: { rack: 'r1', node: 'n1' } }),
      over(rule, { labels: { rack: 'r1', node: 'n2' }, because: BECAUSE.quiet }),
    ]
    expect(said([well, well]).en[0]).toBe(
      '[OK] n1: The device no longer reports the fault at 05:00. 2 alerts, 2 h 5 min, $31,600.',
    )
    expect(said([well, quiet]).en[0]).toMatch(/^\[ENDED\] .* 2 alerts, 2 h 5 min, \$31,600\.$/)
    const other = over(rule, { labels: { rack: 'r1', node: 'n2' } })
    expect(said([well, other]).en[0]).toMatch(/^\[OK\] r1: /)
  })
})
