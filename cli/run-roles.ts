import { setTimeout as delay } from 'node:timers/promises'
import type { Logger, Role } from '#schemas/role.ts'

/** Where SIGTERM and SIGINT come from: the process, or a test. */
export type Signals = Pick<NodeJS.EventEmitter, 'on' | 'off'>

/** A role that is asked to stop while it starts may finish starting within this time, ms. */
const START_GRACE_MS = 2000
const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/**
 * Starts roles in order, waits for SIGTERM or SIGINT, stops them in reverse order. A signal while they
 * start stops those that have; roles that had started are stopped, too, when a later one fails to.
 * Resolves with the exit code.
 */
export async function runRoles(
  roles: readonly Role[],
  logger: Logger,
  afterStart: () => void = () => undefined,
  signals: Signals = process,
): Promise<number> {
  const asked = nextSignal(signals)
  const started: Role[] = []
  let abandoned: Role | null = null
  try {
    for (const role of roles) {
      const outcome = await startUnless(role, asked.signal)
      if (outcome === 'started') started.push(role)
      else abandoned = role
      if (asked.isGiven()) break
    }
    if (!asked.isGiven()) afterStart()
    logger.info('stopping', { signal: await asked.signal })
  } finally {
    await stopAll(started.toReversed(), logger)
    asked.end()
  }
  if (abandoned !== null) {
    logger.warn('stopped while a role was still starting', { role: abandoned.name })
    // What it has begun to open would keep the process.
    process.exit(0)
  }
  return 0
}

/** Starts a role; gives it up when a signal comes and it does not get ready soon after. */
async function startUnless(role: Role, signal: Promise<string>): Promise<'started' | 'abandoned'> {
  const starting = role.start().then(() => 'started' as const)
  const givenUp = signal.then(() => delay(START_GRACE_MS, 'abandoned' as const, { ref: false }))
  return Promise.race([starting, givenUp])
}

async function stopAll(roles: readonly Role[], logger: Logger): Promise<void> {
  for (const role of roles) {
    try {
      await role.stop()
    } catch (error) {
      logger.error('a role did not stop cleanly', { role: role.name, error: String(error) })
    }
  }
}

/** Listens from now on: a signal during the start must not end the process without a stop. */
function nextSignal(signals: Signals) {
  const { promise, resolve } = Promise.withResolvers<string>()
  let given = false
  const listeners = SIGNALS.map((signal) => {
    const hear = () => {
      // A second signal means "now": what is spooled is safe either way.
      if (given) process.exit(130)
      given = true
      resolve(signal)
    }
    signals.on(signal, hear)
    return { signal, hear }
  })
  return {
    signal: promise,
    isGiven: () => given,
    end: () => {
      for (const { signal, hear } of listeners) signals.off(signal, hear)
    },
  }
}
