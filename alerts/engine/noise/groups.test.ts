import { describe, expect, it } from 'vitest'
import type { Alert } from '#schemas/alerts/alert.ts'
import { type AlertState, type Conversation, NO_ALERT_STATE } from '#schemas/alerts/state.ts'
import { eventRule } from '../engine.testing.ts'
import { NO_READING, openAlert } from '../evaluation.ts'
import { fingerprintOf } from '../fingerprint.ts'
import { childrenIn } from '../places.ts'
import { conversationsOf, groupAlerts } from './groups.ts'

/** Two halls of 40 racks. */
const childrenOf = childrenIn(
  Array.from({ length: 80 }, (_, at) => ({
    cluster: 'c1',
    hall: at < 40 ? 'h1' : 'h2',
    loop: '',
    rack: `r${at}`,
    node: `n${at}`,
    devices: 8,
  })),
)
const rule = eventRule({ severity: 'page', group_by: ['cluster', 'rack'] })

function alertOf(rack: number): Alert {
  const labels = { cluster: 'c1', hall: rack < 40 ? 'h1' : 'h2', rack: `r${rack}` }
  return openAlert({
    fingerprint: fingerprintOf(rule.name, labels),
    rule: rule.name,
    labels,
    state: 'firing',
    severity: 'page',
    sinceMs: 1,
    atMs: 1,
    reading: NO_READING,
  })
}

const conversation = (group: string): Conversation => ({
  group,
  channel: 'pager',
  isOpen: true,
  firstMs: 1,
  atMs: 1,
  told: 1,
  reason: 'firing',
  severity: 'page',
  urgent: false,
  fingerprints: [],
})

function grouped(racks: readonly number[], open: readonly string[] = []) {
  const alerts = racks.map(alertOf)
  const state: AlertState = {
    ...NO_ALERT_STATE,
    alerts: new Map(alerts.map((alert) => [alert.fingerprint, { alert, news: 1, newsMs: 1 }])),
    conversations: new Map(open.map((group) => [group, conversation(group)])),
  }
  const { groups } = groupAlerts(state, { ruleOf: () => rule, ownerOf: () => null, childrenOf })
  return groups.map(({ key, members, labels }) => ({ key, count: members.length, labels }))
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)

describe('many groups of one rule', () => {
  it('stay apart up to 30 % of what their parent has, and are one beyond it', () => {
    expect(grouped(range(0, 12))).toHaveLength(12)
    expect(grouped(range(0, 13))).toMatchObject([
      { count: 13, labels: { cluster: 'c1', hall: 'h1' } },
    ])
  })

  it('become one of the widest place that has its share of them', () => {
    // 15 of 40 in one hall, 3 of 40 in the other: 18 of 80 are no matter of the site.
    const told = grouped([...range(0, 15), ...range(40, 43)])
    expect(told.map(({ count }) => count).toSorted((a, b) => a - b)).toEqual([1, 1, 1, 15])
    expect(grouped(range(20, 60))).toMatchObject([{ count: 40, labels: { cluster: 'c1' } }])
  })

  it('stay in the conversation that they are in, also when more come', () => {
    const [hall] = grouped(range(0, 15))
    if (hall === undefined) throw new Error('nobody was told')
    const later = grouped([...range(0, 20), ...range(40, 70)], [hall.key])
    expect(later.find(({ key }) => key === hall.key)?.count).toBe(20)
    expect(later.map(({ count }) => count).toSorted((a, b) => a - b)).toEqual([20, 30])
  })

  it('are found by the conversation of each of them', () => {
    for (const { key } of [...grouped(range(0, 13)), ...grouped(range(20, 60)), ...grouped([24])])
      expect(
        conversationsOf(rule, alertOf(24).labels).concat(conversationsOf(rule, alertOf(1).labels)),
      ).toContain(key)
  })
})
