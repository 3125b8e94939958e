import { expect, it } from 'vitest'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import { type AlertState, type Conversation, NO_ALERT_STATE } from '#schemas/alerts/state.ts'
import { eventRule } from '../engine.testing.ts'
import { anAlert } from '../../message/message.testing.ts'
import { escalations } from './escalations.ts'
import type { Group } from './groups.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 10, 24, 3)
const [alert, rule] = [anAlert(), eventRule({ severity: 'page' })]
const group: Group = {
  key: 'grp_1',
  rule,
  labels: {},
  members: [{ alert, news: 1, newsMs: START }],
  severity: 'page',
  urgent: true,
  usdPerHour: 0,
  firstMs: START,
  news: 1,
  owner: null,
}
const config = AlertsConfig.parse({
  public_url: 'http://127.0.0.1:8440',
  channels: [{ name: 'phone', kind: 'pagerduty', secret_env: 'KEY', rings: true }],
  routes: [{ channels: ['phone'] }],
})

/** A conversation that was told as a ticket at first and as a page later, minutes from the start. */
function stateOf(ticketAt: number, pageAt: number): AlertState {
  const conversation: Conversation = {
    group: group.key,
    channel: 'phone',
    isOpen: true,
    firstMs: START + ticketAt * MINUTE,
    atMs: START + pageAt * MINUTE,
    told: 1,
    reason: 'worse',
    severity: 'page',
    urgent: true,
    fingerprints: [alert.fingerprint],
  }
  const note = { channel: 'phone', group: group.key, urgent: true }
  return {
    ...NO_ALERT_STATE,
    conversations: new Map([['phone', conversation]]),
    sent: [
      { ...note, atMs: START + ticketAt * MINUTE, reason: 'firing', severity: 'ticket' },
      { ...note, atMs: START + pageAt * MINUTE, reason: 'worse', severity: 'page' },
    ],
  }
}

it('what began as a ticket is escalated five minutes after it became a page', () => {
  const state = stateOf(0, 20)
  const at = (minutes: number) =>
    escalations([group], { state, config, personOf: () => '', nowMs: START + minutes * MINUTE })
  expect(at(20.1)).toEqual([])
  expect(at(24.9)).toEqual([])
  expect(at(25)).toMatchObject([{ reason: 'escalation', toldMs: START + 20 * MINUTE }])
})

it('a page of another episode does not count', () => {
  const state = stateOf(30, 10)
  const [told] = escalations([group], {
    state,
    config,
    personOf: () => '',
    nowMs: START + 36 * MINUTE,
  })
  expect(told?.toldMs).toBe(START + 30 * MINUTE)
})
