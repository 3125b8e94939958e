import { type HeldLease, type Lease, takeAll } from '../ingest/bus/lease.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger, Role, RoleHealth } from '#schemas/role.ts'

export interface StandbyOptions {
  readonly log: Logger
  /** What the process is, for people; default `ingest`. */
  readonly what?: string
  /** What the role needs to have for itself; `close` is called after it stopped. */
  open(): Promise<{ readonly leases: readonly Lease[]; close(): Promise<void> }>
}

interface Opened {
  readonly leases: readonly Lease[]
  close(): Promise<void>
}

const WAITING: RoleHealth = {
  state: 'ok',
  detail: 'spare: another process does this work; this one takes over when it is silent',
  metrics: { ingest_standby: 1 },
}

/**
 * A role that works while it has its leases. start() resolves when it works, or when it has begun to wait as
 * the spare of another process. When a lease is lost the role ends with E_LEASE_LOST; whoever started the
 * process starts it again, and it waits.
 */
export function standbyRole(role: Role, options: StandbyOptions): Role {
  const { log, what = 'ingest' } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const { promise: ended, resolve: end } = Promise.withResolvers<Error>()
  let opened: Opened | null = null
  let held: readonly HeldLease[] = []
  let isWorking = false
  let waiting: Promise<void> | null = null

  const begin = async (leases: readonly HeldLease[]) => {
    held = leases
    for (const [index, lease] of leases.entries())
      void lease.lost.then(() => end(lost(what, opened?.leases[index]?.name ?? '')))
    await role.start()
    isWorking = true
  }
  const waitAndBegin = async (leases: readonly Lease[]) => {
    const tell = (name: string) => log.info('waits as a spare', { held_by_another: name })
    await begin(await takeAll(leases, signal, tell))
    log.info('took over')
  }
  const release = async () => {
    for (const lease of held) await lease.release()
    await opened?.close()
    opened = null
  }
  void role.ended?.then(end)

  return {
    name: role.name,
    ended,
    async start() {
      opened = await options.open()
      const { leases } = opened
      try {
        const free = await takeNow(leases)
        if (free !== null) return await begin(free)
      } catch (error) {
        await release()
        throw error
      }
      waiting = waitAndBegin(leases).catch((error: unknown) => {
        if (!signal.aborted) end(error instanceof Error ? error : new Error(String(error)))
      })
    },
    async stop() {
      stopping.abort()
      // It may be starting still, and wait for a store that is away.
      if (!isWorking && held.length > 0) await role.stop()
      await waiting
      if (isWorking) await role.stop()
      await release()
    },
    health: () => (isWorking ? role.health() : WAITING),
  }
}

/** All of them when all are free at the first look. */
async function takeNow(leases: readonly Lease[]): Promise<HeldLease[] | null> {
  const once = new AbortController()
  try {
    return await takeAll(leases, once.signal, () => once.abort())
  } catch (error) {
    if (once.signal.aborted) return null
    throw error
  }
}

const lost = (what: string, name: string) =>
  new PlimsollError(
    'E_LEASE_LOST',
    `another ${what} process has taken over ${name}: this one was silent for too long. It ends; started again it is the spare`,
  )
