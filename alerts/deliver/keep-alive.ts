import type { AlertsConfig } from '#schemas/alerts/config.ts'
import type { ChannelConfig } from '#schemas/alerts/channel-config.ts'
import type { Logger } from '#schemas/role.ts'
import { HOLDS_MS, type PostedAlert, postedAlert, requestOf } from '../channels/alertmanager.ts'
import { type AttemptPorts, messageOf, reachOf } from './attempt.ts'
import type { Outbox, OutboxItem } from './outbox.ts'
import { redacted } from './secrets.ts'

/** Between two sends of what fires. Alertmanager forgets after 5 minutes. */
const EVERY_MS = 60_000
/** Alerts of one request. */
const POSTED_MAX = 500

export interface KeepAliveDeps extends AttemptPorts {
  readonly outbox: Outbox
  readonly config: () => AlertsConfig
  readonly logger: Logger
  readonly after: (ms: number, callback: () => void) => () => void
}

/** Sends what fires to each Alertmanager again and again: there, silence means resolved. */
export interface KeepAlive {
  start(): void
  stop(): Promise<void>
  /** One round, now. */
  beat(): Promise<void>
}

export function createKeepAlive(deps: KeepAliveDeps): KeepAlive {
  const failing = new Set<string>()
  let isRunning = false
  let cancel = () => {}
  let round: Promise<void> = Promise.resolve()

  const tell = async (channel: ChannelConfig) => {
    const secrets: string[] = []
    try {
      await send(channel, deps, secrets)
      if (failing.delete(channel.name))
        deps.logger.info('the Alertmanager takes alerts again', { channel: channel.name })
    } catch (error) {
      if (failing.has(channel.name)) return
      failing.add(channel.name)
      const why = redacted(error instanceof Error ? error.message : String(error), secrets)
      deps.logger.warn(
        'what fires could not be told to the Alertmanager again; it forgets after 5 min',
        {
          channel: channel.name,
          why,
        },
      )
    }
  }

  const beat = async () => {
    const channels = deps
      .config()
      .channels.filter(({ kind, enabled }) => kind === 'alertmanager' && enabled)
    await Promise.all(channels.map(tell))
  }

  const next = () => {
    round = beat().finally(() => {
      if (isRunning) cancel = deps.after(EVERY_MS, next)
    })
  }

  return {
    start() {
      isRunning = true
      next()
    },
    async stop() {
      isRunning = false
      cancel()
      await round
    },
    beat,
  }
}

async function send(channel: ChannelConfig, deps: KeepAliveDeps, secrets: string[]): Promise<void> {
  const posted = postedFor(channel, deps)
  if (posted.length === 0) return
  const reach = await reachOf(channel, deps.config(), deps, secrets)
  const secret = await deps.readSecret({ env: channel.secret_env, file: channel.secret_file })
  secrets.push(secret)
  for (let from = 0; from < posted.length; from += POSTED_MAX) {
    const request = requestOf({ url: reach.url, secret }, posted.slice(from, from + POSTED_MAX))
    const route = { entry: reach.entry, proxy: channel.proxy, caFile: channel.ca_file }
    const { status, body } = await deps.post(request, route)
    if (status < 200 || status >= 300) throw new Error(`${status}: ${body.slice(0, 160)}`)
  }
}

/** What the channel was told of and still holds, under the words of the last message. */
function postedFor(channel: ChannelConfig, deps: KeepAliveDeps): PostedAlert[] {
  const { outbox } = deps
  const endMs = deps.clock() + HOLDS_MS
  const posted = new Map<string, PostedAlert>()
  for (const { last, fingerprints } of outbox.conversations.values()) {
    if (last.channel !== channel.name) continue
    for (const fingerprint of fingerprints) {
      const alert = outbox.alerts.get(fingerprint)
      if (alert === undefined || (alert.state !== 'firing' && alert.state !== 'held')) continue
      const item: OutboxItem = {
        notification: last,
        alerts: [alert],
        people: [''],
        also: [],
        tries: new Map(),
        isTaken: true,
        state: 'waiting',
      }
      const message = messageOf(item, null, { channel, config: deps.config(), ports: deps })
      posted.set(fingerprint, postedAlert(alert, message, endMs))
    }
  }
  return [...posted.values()]
}
