import { describe, expect, it } from 'vitest'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import type { HttpRequest } from '../channels/channel.ts'
import { anAlert, AT } from '../message/message.testing.ts'
import { note, queued } from './deliver.testing.ts'
import { createHeartbeat } from './heartbeat.ts'
import { createKeepAlive } from './keep-alive.ts'
import { createChannelAttempts } from './channel-attempts.ts'
import { createOutbox } from './outbox.ts'

const CONFIG = AlertsConfig.parse({
  public_url: 'https://plimsoll.example',
  allowed_hosts: [{ host: 'am.site.example' }, { host: 'watch.example' }],
  channels: [{ name: 'am', kind: 'alertmanager', target: 'http://am.site.example:9093' }],
  heartbeat: { url_env: 'BEAT' },
})

function world(answer: () => number = () => 200) {
  const sent: HttpRequest[] = []
  const logged: string[] = []
  const log = (message: string, fields?: unknown) =>
    logged.push(message + JSON.stringify(fields ?? {}))
  const deps = {
    config: () => CONFIG,
    clock: () => AT + 60_000,
    logger: { info: log, warn: log, error: log },
    after: () => () => {},
    readSecret: ({ env }: { env?: string | undefined }) =>
      Promise.resolve(env === 'BEAT' ? 'https://watch.example/ping/secret-uuid-1' : ''),
    sendMail: () => Promise.reject(new Error('none')),
    links: () => ({ chart: 'https://plimsoll.example/a', runbook: null, ack: null, silence: null }),
    post: (request: HttpRequest) => {
      sent.push(request)
      return Promise.resolve({ status: answer(), headers: {}, body: '' })
    },
  }
  return { sent, logged, deps }
}

describe('an Alertmanager', () => {
  const journal = (
    body: Parameters<ReturnType<typeof createOutbox>['applyEntry']>[0]['body'],
    n: number,
  ) => ({
    sequence: n,
    at_ms: AT,
    who: 'test',
    body,
  })

  it('is sent what fires each minute, until it is resolved', async () => {
    const { sent, deps } = world()
    const outbox = createOutbox(createChannelAttempts())
    const keepAlive = createKeepAlive({ ...deps, outbox })
    await keepAlive.beat()
    expect(sent).toEqual([])
    outbox.applyEntry(journal(queued([note('a', { channel: 'am' })]), 1))
    await keepAlive.beat()
    const [posted] = JSON.parse(sent[0]?.body ?? '[]')
    expect(posted.labels).toMatchObject({ alertname: 'zone_danger', zone_set: 'fleet' })
    expect(Date.parse(posted.endsAt)).toBe(AT + 360_000)
    const over = anAlert({ state: 'resolved', resolved_ms: AT + 1 })
    outbox.applyEntry(
      journal(
        queued(
          [note('b', { channel: 'am', group: note('a').group, reason: 'resolved' })],
          [{ at_ms: AT, from: 'firing', alert: over }],
        ),
        2,
      ),
    )
    await keepAlive.beat()
    expect(sent).toHaveLength(1)
  })

  it('that does not answer is told of once', async () => {
    const { logged, deps } = world(() => 503)
    const outbox = createOutbox(createChannelAttempts())
    outbox.applyEntry(journal(queued([note('a', { channel: 'am' })]), 1))
    const keepAlive = createKeepAlive({ ...deps, outbox })
    await keepAlive.beat()
    await keepAlive.beat()
    expect(logged).toHaveLength(1)
  })
})

describe('the heartbeat', () => {
  it('beats while all is well, and not when it is not', async () => {
    const { sent, deps } = world()
    let isWell = false
    const heartbeat = createHeartbeat({ ...deps, isWell: () => isWell })
    heartbeat.start()
    await heartbeat.stop()
    expect(sent).toEqual([])
    isWell = true
    heartbeat.start()
    await heartbeat.stop()
    expect(sent.map(({ url }) => url)).toEqual(['https://watch.example/ping/secret-uuid-1'])
    expect(heartbeat.lastMs()).toBe(AT + 60_000)
  })

  it('says once that the watcher does not answer, without its address', async () => {
    const { logged, deps } = world(() => 500)
    const heartbeat = createHeartbeat({ ...deps, isWell: () => true })
    heartbeat.start()
    await heartbeat.stop()
    expect(logged.join('')).toContain('watcher answered 500')
    expect(logged.join('')).not.toContain('secret-uuid-1')
  })
})
