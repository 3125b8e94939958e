import { describe, expect, it } from 'vitest'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import type { HttpRequest } from '../channels/channel.ts'
import { AT, groupId } from '../message/message.testing.ts'
import { attempt, type AttemptPorts } from './attempt.ts'
import { createChannelAttempts } from './channel-attempts.ts'
import { createOutbox } from './outbox.ts'
import { note, queued } from './deliver.testing.ts'
import type { Route } from './post.ts'

const KEYS: Readonly<Record<string, string>> = {
  CHANNEL: 'c'.repeat(32),
  ADA: 'a'.repeat(32),
  HOOK_URL: 'https://elsewhere.example/path-that-is-secret',
}
const config = AlertsConfig.parse({
  public_url: 'https://plimsoll.example',
  allowed_hosts: [{ host: 'in.example', networks: ['10.0.0.0/8'] }],
  channels: [
    { name: 'pd', kind: 'pagerduty', secret_env: 'CHANNEL', proxy: 'http://proxy.example:3128' },
    { name: 'hook', kind: 'webhook', target_env: 'HOOK_URL', secret_env: 'CHANNEL' },
    { name: 'missing', kind: 'pagerduty', secret_env: 'NOT_SET' },
  ],
  roster: { people: [{ name: 'Ada', pagerduty_key_env: 'ADA' }, { name: 'Wang Lei' }] },
})

function ports(status = 202) {
  const sent: (HttpRequest & { readonly route: Route })[] = []
  const made: AttemptPorts = {
    post: (request, route) => {
      sent.push({ ...request, route })
      return Promise.resolve({ status, headers: {}, body: '' })
    },
    sendMail: () => Promise.reject(new Error('none')),
    readSecret: ({ env = '' }) => {
      const key = KEYS[env]
      if (key === undefined)
        return Promise.reject(new Error(`the environment variable ${env} is empty or not set`))
      return Promise.resolve(key)
    },
    links: () => ({ chart: '', runbook: null, ack: null, silence: null }),
    clock: () => AT,
  }
  return { sent, made }
}

const channel = (name: string) => {
  const found = config.channels.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no channel ${name}`)
  return found
}

/** The item of the last of some messages about one group. */
function itemOf(name: string, ...mentions: readonly (readonly [string, 'firing' | 'resolved'])[]) {
  const outbox = createOutbox(createChannelAttempts())
  for (const [i, [mention, reason]] of mentions.entries())
    outbox.applyEntry({
      sequence: i + 1,
      at_ms: AT,
      who: 'test',
      body: queued([note(`n${i}`, { channel: name, group: groupId('g'), mention, reason })]),
    })
  const item = [...outbox.items.values()].at(-1)
  if (item === undefined) throw new Error('nothing queued')
  return item
}

describe('an attempt', () => {
  it('opens an incident under the key of who is meant, and closes it under each key it was opened under', async () => {
    const { sent, made } = ports()
    await attempt(itemOf('pd', ['Ada', 'firing']), channel('pd'), config, made)
    expect(sent.map(({ body }) => JSON.parse(body).routing_key)).toEqual([KEYS['ADA']])
    const closing = itemOf('pd', ['Ada', 'firing'], ['Wang Lei', 'firing'], ['', 'resolved'])
    const { verdict } = await attempt(closing, channel('pd'), config, made)
    expect(verdict.kind).toBe('accepted')
    const closed = sent.slice(1).map(({ body }) => JSON.parse(body))
    expect(closed.map(({ routing_key }) => routing_key)).toEqual([KEYS['ADA'], KEYS['CHANNEL']])
    expect(closed.every(({ event_action }) => event_action === 'resolve')).toBe(true)
    expect(sent[0]?.route.proxy).toBe('http://proxy.example:3128')
  })

  it('at an address from the environment that is not allowed does not leave, and does not tell the address', async () => {
    const { sent, made } = ports()
    const { verdict } = await attempt(itemOf('hook', ['', 'firing']), channel('hook'), config, made)
    expect(sent).toEqual([])
    expect(verdict.kind).toBe('retry')
    expect(verdict.detail).toContain('not in allowed_hosts')
    expect(verdict.detail).not.toContain('path-that-is-secret')
  })

  it('without its secret says which is missing', async () => {
    const { verdict, status } = await attempt(
      itemOf('missing', ['', 'firing']),
      channel('missing'),
      config,
      ports().made,
    )
    expect(verdict.detail).toContain('NOT_SET is empty or not set')
    expect(status).toBeNull()
  })
})
