import type { Logger, Role } from '#schemas/role.ts'

/**
 * Starts roles in order, waits for SIGTERM or SIGINT, stops them in reverse order. Roles that had started
 * are stopped when a later one fails to. Resolves with the exit code.
 */
export async function runRoles(
  roles: readonly Role[],
  logger: Logger,
  afterStart?: () => void,
): Promise<number> {
  const started: Role[] = []
  try {
    for (const role of roles) {
      await role.start()
      started.push(role)
    }
    afterStart?.()
    const signal = await nextSignal()
    logger.info('stopping', { signal })
    return 0
  } finally {
    await stopAll(started.toReversed(), logger)
  }
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

function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        // A second signal means "now": what is spooled is safe either way.
        if (asked) process.exit(130)
        asked = true
        resolve(signal)
      })
    }
  })
}
