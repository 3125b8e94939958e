import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { NO_ALERT_STATE } from '#schemas/alerts/state.ts'
import { newAlertLog } from './log.ts'
import { ackOfEvent, PagerDutyWebhook } from './pagerduty-inbound.ts'
import { isSignedBy } from './pagerduty-signature.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const HOLDS_MS = 4 * 3_600_000
const GROUP = `grp_${'a'.repeat(32)}`

describe('the signature of a webhook', () => {
  // RFC 4231, test case 2.
  const body = Buffer.from('what do ya want for nothing?')
  const good = 'v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'

  it('is of the exact bytes, by any of the secrets and any of the signatures', () => {
    expect(isSignedBy(['Jefe'], body, good)).toBe(true)
    expect(isSignedBy(['new', 'Jefe'], body, `v1=${'0'.repeat(64)},${good}`)).toBe(true)
    expect(isSignedBy(['Jefe'], body, `v2=${'0'.repeat(64)}, ${good} `)).toBe(true)
    const chinese = Buffer.from('{"title":"机房"}')
    const signed = `v1=${createHmac('sha256', 'k').update(chinese).digest('hex')}`
    expect(isSignedBy(['k'], chinese, signed)).toBe(true)
  })

  it('is refused for other bytes, other secrets, other versions and none', () => {
    expect(isSignedBy(['Jefe'], Buffer.from('what do ya want for nothing'), good)).toBe(false)
    expect(isSignedBy(['jefe'], body, good)).toBe(false)
    expect(isSignedBy([], body, good)).toBe(false)
    for (const header of [undefined, '', 'v1=', good.replace('v1', 'v2'), good.slice(0, -2)])
      expect(isSignedBy(['Jefe'], body, header)).toBe(false)
  })
})

describe('what PagerDuty tells back', () => {
  const conversation = {
    group: GROUP,
    channel: 'pager',
    isOpen: true,
    firstMs: NOW - 600_000,
    atMs: NOW - 600_000,
    told: 1,
    reason: 'firing' as const,
    severity: 'page' as const,
    urgent: false,
    fingerprints: [],
  }
  const event = (type: string, atMs: number, more: object = {}) =>
    PagerDutyWebhook.parse({
      event: {
        id: 'e1',
        event_type: type,
        resource_type: 'incident',
        occurred_at: new Date(atMs).toISOString(),
        agent: { id: 'P1', type: 'user_reference', summary: 'Ada Lovelace' },
        data: { id: 'Q1', type: 'incident', incident_key: GROUP },
        ...more,
      },
    })
  const asked = (
    given: PagerDutyWebhook,
    acks: readonly { at_ms: number; until_ms: number }[] = [],
  ) =>
    ackOfEvent(given, {
      now: {
        state: {
          ...NO_ALERT_STATE,
          conversations: new Map([['c', conversation]]),
          acks: new Map(
            acks.map((ack) => [GROUP, { ...ack, group: GROUP, who: 'Ada', comment: '' }]),
          ),
        },
        log: newAlertLog(),
      },
      nowMs: NOW,
      holdsMs: HOLDS_MS,
    })
  const atMs = NOW - 60_000

  it('acknowledges as long as the alerting file says, from when it was said', () => {
    expect(asked(event('incident.acknowledged', atMs))).toEqual({
      group: GROUP,
      at_ms: atMs,
      until_ms: atMs + HOLDS_MS,
      who: 'Ada Lovelace (PagerDuty)',
      comment: '',
    })
    expect(asked(event('incident.resolved', atMs))?.comment).toBe('resolved in PagerDuty')
    // Our own resolve comes back without a person.
    expect(asked(event('incident.resolved', atMs, { agent: null }))).toBeNull()
  })

  it('takes back what holds', () => {
    const held = [{ at_ms: atMs - 1, until_ms: atMs + HOLDS_MS }]
    expect(asked(event('incident.unacknowledged', atMs), held)).toMatchObject({ until_ms: atMs })
    expect(asked(event('incident.unacknowledged', atMs))).toBeNull()
  })

  it('said again, late, of before or of something else it changes nothing', () => {
    expect(asked(event('incident.acknowledged', atMs), [{ at_ms: atMs, until_ms: NOW }])).toBeNull()
    expect(asked(event('incident.acknowledged', conversation.firstMs - 61_000))).toBeNull()
    expect(asked(event('incident.acknowledged', conversation.firstMs - 5_000))?.at_ms).toBe(
      conversation.firstMs,
    )
    for (const incident_key of [null, 'other', `grp_${'b'.repeat(32)}`])
      expect(asked(event('incident.acknowledged', atMs, { data: { incident_key } }))).toBeNull()
    expect(asked(event('incident.priority_updated', atMs))).toBeNull()
    // A clock ahead of ours counts from now.
    expect(asked(event('incident.acknowledged', NOW + 9_000_000))?.at_ms).toBe(NOW)
  })
})
