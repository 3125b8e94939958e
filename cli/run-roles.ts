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
 * Resolves with the exit code; rejects, after the same stop, with the reason of a role that ended by itself.
 */
export async function runRoles(
  roles: readonly Role[],
  logger: Logger,
  afterStart: () => void = () => undefined,
  signals: Signals = process,
): Promise<number> {
  const ending = nextEnding(roles, signals)
  const started: Role[] = []
  let abandoned: Role | null = null
  let failure: Error | null = null
  try {
    for (const role of roles) {
      const outcome = await startUnless(role, ending.reason)
      if (outcome === 'started') started.push(role)
      else abandoned = role
      if (ending.isGiven()) break
    }
    if (!ending.isGiven()) afterStart()
    const reason = await ending.reason
    if (reason instanceof Error) failure = reason
    if (failure === null) logger.info('stopping', { signal: String(reason) })
    else logger.error('a role has ended, stopping the others', { cause: failure.message })
  } finally {
    await stopAll(started.toReversed(), logger)
    ending.close()
  }
  if (failure !== null) throw failure
  if (abandoned !== null) {
    logger.warn('stopped while a role was still starting', { role: abandoned.name })
    // What it has begun to open would keep the process.
    process.exit(0)
  }
  return 0
}

/** Starts a role; gives it up when the process is to end and it does not get ready soon after. */
async function startUnless(
  role: Role,
  ending: Promise<string | Error>,
): Promise<'started' | 'abandoned'> {
  const starting = role.start().then(() => 'started' as const)
  const givenUp = ending.then(() => delay(START_GRACE_MS, 'abandoned' as const, { ref: false }))
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

/**
 * Why the process is to end: the name of a signal, or the reason of a role that ended by itself. Listens
 * from now on: a signal during the start must not end the process without a stop.
 */
function nextEnding(roles: readonly Role[], signals: Signals) {
  const { promise, resolve } = Promise.withResolvers<string | Error>()
  let given = false
  let isSignalled = false
  const end = (reason: string | Error) => {
    given = true
    resolve(reason)
  }
  for (const role of roles) void role.ended?.then(end)
  const listeners = SIGNALS.map((signal) => {
    const hear = () => {
      // A second signal means "now": what is spooled is safe either way.
      if (isSignalled) process.exit(130)
      isSignalled = true
      end(signal)
    }
    signals.on(signal, hear)
    return { signal, hear }
  })
  return {
    reason: promise,
    isGiven: () => given,
    close: () => {
      for (const { signal, hear } of listeners) signals.off(signal, hear)
    },
  }
}
