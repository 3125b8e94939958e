import { randomBytes } from 'node:crypto'
import { totalmem } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PlimsollError } from '#schemas/errors.ts'
import type { Clock, Logger, Role, RoleHealth } from '#schemas/role.ts'
import { type EngineChild, startChild } from './child.ts'
import { engineLimits } from './engine-config.ts'
import type { ChildOrder } from './handshake.ts'

export interface EngineOptions {
  /** Folder the engine owns; created when absent. */
  readonly dataDir: string
  readonly log: Logger
  readonly clock?: Clock
  /** Loopback port; 0 or absent = any free one, kept over restarts. */
  readonly port?: number
  /** Password for requests; absent = random, known to this process only. */
  readonly secret?: string
  /** Memory of the engine, bytes; absent = half of the machine's, 1 to 8 GiB. */
  readonly memoryBytes?: number
}

/** Where the engine answers; the same over restarts. Known after start(). */
export interface EngineAddress {
  readonly url: string
  readonly user: string
  readonly password: string
}

export interface Engine extends Role {
  address(): EngineAddress
  /** kill -9 of the child, for crash tests; the supervisor starts it again. */
  kill(): void
}

/** start() waits for a predecessor that is still draining before it says E_DATA_LOCKED. */
const LOCK_ATTEMPTS = 10
const LOCK_RETRY_MS = 250
const STOP_GRACE_MS = 20_000
const BACKOFF_MS_MIN = 100
const BACKOFF_MS_MAX = 30_000
/** More deaths than this within the window and health() says failed; it goes on trying. */
const DEATHS_MAX = 5
const DEATHS_WINDOW_MS = 120_000

/**
 * Runs the embedded ClickHouse as a child process and starts it again when it dies.
 * start() throws E_ENGINE_MISSING, E_ENGINE_THREADS, E_DATA_LOCKED, E_PORT_TAKEN or E_ENGINE_DIED.
 */
export function createEngine(options: EngineOptions): Engine {
  const clock = options.clock ?? Date.now
  const secret = options.secret ?? randomBytes(24).toString('hex')
  const limits = engineLimits(totalmem())
  let child: EngineChild | null = null
  let port = options.port ?? 0
  let state: RoleHealth['state'] = 'stopped'
  let detail = 'not started'
  let deaths: number[] = []
  let deathsTotal = 0
  let stopping = new AbortController()
  /** Pending while a child runs; then the restart. Never rejects. */
  let recovery: Promise<void> = Promise.resolve()

  const order = (): ChildOrder => ({
    data_dir: resolve(options.dataDir),
    port,
    secret,
    memory_bytes: options.memoryBytes ?? limits.memoryBytes,
    mark_cache_bytes: limits.markCacheBytes,
  })

  const adopt = (started: EngineChild) => {
    child = started
    port = started.port
    state = 'ok'
    detail = `ClickHouse ${started.version}, process ${started.pid}`
    recovery = started.gone.then(restart)
  }

  const restart = async (how: string): Promise<void> => {
    child = null
    let reason = how
    while (!stopping.signal.aborted) {
      const pause = noteDeath(reason)
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      try {
        const started = await startChild(order())
        if (stopping.signal.aborted) return await started.stop(STOP_GRACE_MS)
        adopt(started)
        options.log.info('the engine answers again', { port })
        return
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error)
      }
    }
  }

  /** Records a death, says so once, and returns how long to wait before the next start. */
  const noteDeath = (reason: string): number => {
    deathsTotal += 1
    const now = clock()
    deaths = [...deaths.filter((at) => now - at < DEATHS_WINDOW_MS), now]
    const often = deaths.length > DEATHS_MAX
    state = often ? 'failed' : 'degraded'
    detail = often
      ? `E_ENGINE_DIED: stopped ${deaths.length} times in ${DEATHS_WINDOW_MS / 1000} s: ${reason}`
      : `restarting after: ${reason}`
    options.log.warn('the engine stopped', { reason: reason.slice(0, 500), deaths: deaths.length })
    return Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** (deaths.length - 1))
  }

  return {
    name: 'engine',
    async start() {
      stopping = new AbortController()
      state = 'starting'
      detail = 'opening the data directory'
      try {
        adopt(await startPatiently(order))
      } catch (error) {
        state = 'failed'
        detail = error instanceof Error ? error.message : String(error)
        throw error
      }
      options.log.info('the engine answers', { port, data: options.dataDir })
    },
    async stop() {
      stopping.abort()
      const running = child
      child = null
      await running?.stop(STOP_GRACE_MS)
      await recovery
      state = 'stopped'
      detail = 'stopped'
    },
    health: () => ({
      state,
      detail,
      metrics: { engine_deaths_total: deathsTotal, engine_up: state === 'ok' ? 1 : 0 },
    }),
    address() {
      if (port === 0) throw new PlimsollError('E_NOT_READY', 'the engine has not been started')
      return { url: `http://127.0.0.1:${port}`, user: 'plimsoll', password: secret }
    },
    kill: () => child?.kill(),
  }
}

/** Waits a little for the lock: the engine of a process killed a moment ago is still finishing. */
async function startPatiently(order: () => ChildOrder): Promise<EngineChild> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startChild(order())
    } catch (error) {
      const locked = error instanceof PlimsollError && error.code === 'E_DATA_LOCKED'
      if (!locked || attempt >= LOCK_ATTEMPTS) throw error
      await delay(LOCK_RETRY_MS)
    }
  }
}
