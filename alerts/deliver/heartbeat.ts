import { type AlertsConfig, allowedEntry } from '#schemas/alerts/config.ts'
import type { Logger } from '#schemas/role.ts'
import type { Post } from './post.ts'
import { redacted, type ReadSecret } from './secrets.ts'

export interface HeartbeatDeps {
  readonly config: () => AlertsConfig
  readonly post: Post
  readonly readSecret: ReadSecret
  readonly logger: Logger
  readonly clock: () => number
  readonly after: (ms: number, callback: () => void) => () => void
  /** False when rules are not evaluated or messages cannot be sent: then the watcher must alarm, so nothing is sent. */
  readonly isWell: () => boolean
}

/** Tells an outside watcher that alerting lives. Who watches from within dies with what he watches. */
export interface Heartbeat {
  start(): void
  stop(): Promise<void>
  /** One beat, now; never rejects. */
  beat(): Promise<void>
  /** Last time the watcher answered, epoch ms. */
  lastMs(): number | null
}

const DEFAULT_EVERY_S = 60

export function createHeartbeat(deps: HeartbeatDeps): Heartbeat {
  let isRunning = false
  let cancel = () => {}
  let lastMs: number | null = null
  let isFailing = false
  let round: Promise<void> = Promise.resolve()

  const beat = async () => {
    const { heartbeat } = deps.config()
    if (heartbeat === undefined || !deps.isWell()) return
    const secrets: string[] = []
    try {
      const url = heartbeat.url ?? (await deps.readSecret({ env: heartbeat.url_env }))
      secrets.push(url)
      const parsed = URL.parse(url)
      if (parsed === null || !/^https?:$/.test(parsed.protocol))
        throw new Error('the address of the heartbeat must begin with https:// or http://')
      const entry = allowedEntry(deps.config().allowed_hosts, parsed.hostname)
      if (entry === null) throw new Error(`the host ${parsed.hostname} is not in allowed_hosts`)
      const route = {
        entry,
        proxy: heartbeat.proxy,
        caFile: heartbeat.ca_file,
        method: 'GET',
      } as const
      const { status } = await deps.post({ url, headers: {}, body: '' }, route)
      if (status < 200 || status >= 300) throw new Error(`the watcher answered ${status}`)
      lastMs = deps.clock()
      if (isFailing) deps.logger.info('the outside watcher hears the heartbeat again')
      isFailing = false
    } catch (error) {
      const why = redacted(error instanceof Error ? error.message : String(error), secrets)
      if (!isFailing) deps.logger.warn('the outside watcher did not take the heartbeat', { why })
      isFailing = true
    }
  }

  const next = () => {
    const everyMs = (deps.config().heartbeat?.every ?? DEFAULT_EVERY_S) * 1000
    round = beat().finally(() => {
      if (isRunning) cancel = deps.after(everyMs, next)
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
    lastMs: () => lastMs,
  }
}
