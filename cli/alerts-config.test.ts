import { describe, expect, it } from 'vitest'
import { PlimsollError } from '#schemas/errors.ts'
import { parseAlertsConfig } from './alerts-config.ts'

const GOOD = `
public_url: https://plimsoll.site.example
language: both
time_zone: Asia/Shanghai
allowed_hosts:
  - host: alerts.site.example
    networks: [10.0.0.0/8]
  - host: relay.site.example
channels:
  - name: on-call
    kind: pagerduty
    secret_env: PAGERDUTY_KEY
    rings: true
    failover: ops-chat
  - name: ops-chat
    kind: feishu
    target_env: FEISHU_URL
    secret_file: /run/secrets/feishu
    language: zh
  - name: hook
    kind: webhook
    target: https://alerts.site.example/plimsoll
    secret_env: HOOK_SECRETS
  - name: mail
    kind: smtp
    target: smtp://relay.site.example:587
    mail: {from: plimsoll@site.example, to: [ops@site.example]}
routes:
  - severities: [page]
    channels: [on-call]
    mention_on_call: true
  - channels: [ops-chat]
operations: [ops-chat]
owners: [{tenant: 'videogen-*', channels: [hook]}]
roster:
  people: [{name: Wang Lei, feishu: ou_0123456789abcdef}, {name: Ada}]
  rotation: {people: [Wang Lei, Ada], starts: '2026-11-02'}
escalation: [{after: 300, channels: [on-call]}, {after: 900, channels: [hook], person: next}]
`

/** The mistakes of a text, one a line. */
function mistakesOf(text: string): string[] {
  try {
    parseAlertsConfig(text, 'alerts.yaml', 'Asia/Tokyo')
  } catch (error) {
    if (error instanceof PlimsollError && error.code === 'E_CONFIG_INVALID')
      return error.message.split('\n')
    throw error
  }
  return []
}

describe('the alerting file', () => {
  it('is read with its defaults', () => {
    const config = parseAlertsConfig(GOOD, 'alerts.yaml', 'Asia/Tokyo')
    expect(config.channels.map(({ name, kind }) => [name, kind])).toEqual([
      ['on-call', 'pagerduty'],
      ['ops-chat', 'feishu'],
      ['hook', 'webhook'],
      ['mail', 'smtp'],
    ])
    expect(config.page_budget).toEqual({ pages: 2, within: 86_400 })
    expect(config.roster.rotation).toMatchObject({ weeks: 1, handover_day: 'mon' })
  })

  it('may be empty: nothing is told to anybody', () => {
    expect(parseAlertsConfig('', 'alerts.yaml', 'Asia/Tokyo')).toMatchObject({
      channels: [],
      routes: [],
      time_zone: 'Asia/Tokyo',
    })
  })

  it.each([
    ['an unknown key', 'languages: en', /^alerts\.yaml:1:1: .*did you mean "language"/],
    [
      'an unknown key of a channel',
      'channels:\n  - name: a\n    kind: slack\n    target_env: X\n    ring: true\npublic_url: https://a.example',
      /^alerts\.yaml:5:5: channels\[0\]\.ring: unknown key "ring"; did you mean "rings"/,
    ],
    [
      'no public_url',
      'channels: [{name: a, kind: slack, target_env: X}]',
      /public_url is needed before a channel is enabled/,
    ],
    [
      'a secret address written out',
      'channels: [{name: a, kind: slack, target: "https://hooks.slack.com/services/T/B/x", enabled: false}]',
      /this address is a secret/,
    ],
    [
      'a host that is not allowed',
      'channels: [{name: a, kind: alertmanager, target: "http://am.example:9093", enabled: false}]',
      /alerts\.yaml:1:\d+: channels\[0\]\.target: the host am\.example is not in allowed_hosts/,
    ],
    ['a route to nobody', 'routes: [{channels: [nobody]}]', /there is no channel "nobody"/],
    ['a zone that is none', 'time_zone: Mars/Base', /must be a time zone/],
    [
      'a secret in place of its variable',
      'channels: [{name: a, kind: webhook, target: "https://a.example", secret_env: "whsec_abc=", enabled: false}]',
      /must be the name of an environment variable/,
    ],
    [
      'two channels of a name',
      'channels: [{name: a, kind: slack, target_env: X, enabled: false}, {name: a, kind: slack, target_env: X, enabled: false}]',
      /there are two channels "a"/,
    ],
    [
      'a rotation of a stranger',
      "roster: {rotation: {people: [Bob], starts: '2026-11-02'}}",
      /"Bob" is not among the people/,
    ],
    [
      'more messages than the vendor takes',
      'channels: [{name: a, kind: dingtalk, target_env: X, rate: {per_minute: 20}, enabled: false}]',
      /at most 15 a minute for dingtalk/,
    ],
    [
      'a password in an address',
      'channels: [{name: a, kind: webhook, target: "https://u:p@a.example", secret_env: X, enabled: false}]',
      /without user or password/,
    ],
  ])('refuses %s, saying where', (_, text, message) => {
    const found = mistakesOf(text)
    expect(found.join('\n')).toMatch(message)
    for (const line of found) expect(line).toMatch(/^alerts\.yaml:\d+:\d+: /)
  })
})
