import type { FleetEvent } from '#schemas/alerts/ports.ts'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import { Rule } from '#schemas/alerts/rule.ts'
import type { SignalAnswer, SignalRow } from '#schemas/alerts/signals.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { type Journal, JournalEntry } from '#schemas/journal.ts'
import { ruleWordsOf } from '../message/group.ts'
import { renderLines } from '../message/lines.ts'
import type { Surroundings } from './decide.ts'
import { fingerprintCache } from './fingerprint.ts'

/** Rules, events and a journal for tests of the engine. */

const words = { en: 'Device fault', zh: '设备故障' }
const common = {
  title: words,
  action: { en: 'Drain the node.', zh: '隔离节点。' },
  level: 'device',
}

export function eventRule(more: object = {}) {
  const rule = Rule.parse({
    ...common,
    name: 'device_fault',
    lane: 'event',
    severity: 'ticket',
    match: [{ types: ['xid'] }],
    ...more,
  })
  if (rule.lane !== 'event') throw new Error('not an event rule')
  return rule
}

export function valueRule(more: object = {}) {
  const rule = Rule.parse({
    ...common,
    name: 'hot',
    lane: 'value',
    signal: 'heat',
    compare: 'above',
    level: 'rack',
    thresholds: [{ severity: 'warn', set: 80, reset: 70, for: 60, reset_for: 60 }],
    ...more,
  })
  if (rule.lane !== 'value') throw new Error('not a value rule')
  return rule
}

export const answerOf = (atMs: number, rows: readonly SignalRow[]): SignalAnswer => ({
  atMs,
  rows,
  covered: { nvidia: Math.max(1, rows.length) },
})

export const faultEvent = (device: string, atMs: number, more: object = {}): FleetEvent => ({
  at_ms: atMs,
  node: `node-${device}`,
  device,
  source: 'dcgm',
  type: 'xid',
  code: '79',
  severity: 'critical',
  edge: 'open',
  message: 'fallen off the bus',
  cluster: 'c1',
  collector: 'col1',
  fault_class: 'bus' as const,
  ...more,
})

export const testConfig = (more: object = {}) =>
  AlertsConfig.parse({
    public_url: 'https://plimsoll.site.example',
    channels: [
      { name: 'pager', kind: 'pagerduty', rings: true, secret_env: 'PD_KEY' },
      { name: 'chat', kind: 'slack', target_env: 'SLACK_URL' },
    ],
    routes: [
      { severities: ['page'], channels: ['pager', 'chat'] },
      { severities: ['warn', 'ticket', 'data'], channels: ['chat'] },
    ],
    operations: ['chat'],
    ...more,
  })

export const surroundings = (
  rules: readonly Rule[],
  config = testConfig(),
  clock: () => number = () => 0,
): Surroundings => ({
  rules,
  config,
  timeZone: 'UTC',
  fingerprint: fingerprintCache(),
  stopwatch: () => 0,
  childrenOf: () => null,
  personOf: () => 'Ada',
  render: (group) => renderLines(group, { timeZone: 'UTC', nowMs: clock() }),
  ruleWords(name) {
    const rule = rules.find((one) => one.name === name)
    return rule === undefined ? null : ruleWordsOf(rule)
  },
})

/** A journal in memory; every entry is checked as the real ones check it. */
export function memoryJournal(): Journal & { readonly entries: JournalEntry[] } {
  const entries: JournalEntry[] = []
  return {
    entries,
    async append(change, options) {
      if (options?.expectedLast !== undefined && options.expectedLast !== entries.length)
        throw new PlimsollError('E_JOURNAL_CHANGED', 'changed')
      const entry = JournalEntry.parse({ ...change, sequence: entries.length + 1 })
      entries.push(entry)
      return entry
    },
    readFrom: async (sequence, limit) => entries.slice(sequence - 1, sequence - 1 + limit),
    last: async () => entries.length,
  }
}
