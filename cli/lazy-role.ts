import type { Role, RoleHealth } from '#schemas/role.ts'

const NOT_STARTED: RoleHealth = { state: 'stopped', detail: 'not started', metrics: {} }

/** Something a started role holds open besides itself: a connection, a log. */
export interface Opened<R extends Role> {
  readonly role: R
  /** Called after the role stopped, also when its start failed. */
  close(): Promise<void>
}

/**
 * A role that is built when it starts, because what it needs (an address, a spool) exists only once the
 * roles before it have started.
 */
export function lazyRole<R extends Role>(
  name: string,
  open: () => Promise<Opened<R>>,
): Role & { inner(): R | null } {
  let opened: Opened<R> | null = null
  let starting: R | null = null
  const { promise: ended, resolve: end } = Promise.withResolvers<Error>()
  return {
    name,
    ended,
    inner: () => opened?.role ?? null,
    async start() {
      const fresh = await open()
      starting = fresh.role
      try {
        await fresh.role.start()
      } catch (error) {
        // What it opened would keep the process alive after the error was printed.
        await fresh.close()
        throw error
      } finally {
        starting = null
      }
      opened = fresh
      void fresh.role.ended?.then(end)
    },
    /** Also ends a start that waits for something, where the role itself does: start() rejects then. */
    async stop() {
      await starting?.stop()
      const closing = opened
      opened = null
      if (closing === null) return
      await closing.role.stop()
      await closing.close()
    },
    health: () => opened?.role.health() ?? NOT_STARTED,
  }
}
