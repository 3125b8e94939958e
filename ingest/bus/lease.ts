import { setTimeout } from 'node:timers/promises'

/**
 * A right that one process of a site has at a time: to work on a shard, to settle. Held by saying so again and
 * again; free when its holder gave it up, or was silent for `LEASE_SILENT_MS` by the watch of the one who waits,
 * so no two clocks are compared. It makes spares wait; that nothing is stored twice rests on compare-and-set of
 * intents and of the lease's note.
 */
export interface Lease {
  readonly name: string
  /** Looks once. True when it could be taken now. Rejects with E_BUS_AWAY. */
  look(): Promise<boolean>
  /** Takes it as it was seen by the last look; null when somebody was faster. Rejects with E_BUS_AWAY. */
  take(): Promise<HeldLease | null>
}

export interface HeldLease {
  /** What was written last, by this holder or one before; empty at first. */
  readonly note: string
  /** True while nobody else can have taken it, by this process's own watch. */
  isHeld(): boolean
  /** Stores a note; resolves when it is stored and was ours to store. Rejects with E_LEASE_LOST or E_BUS_AWAY. */
  write(note: string): Promise<void>
  /** Resolves when somebody else has taken it. */
  readonly lost: Promise<void>
  /** Gives it up, so that the next one needs not wait. */
  release(): Promise<void>
}

export const LEASE_RENEW_MS = 1_500
export const LEASE_SILENT_MS = 6_000
/** How often one who waits looks. */
export const LEASE_LOOK_MS = 500

/**
 * Waits until all of them are free, then takes them; all or none, so that two processes that share some never
 * wait for each other. Rejects when the signal is raised. `onWait` is told once, with the name that is taken.
 */
export async function takeAll(
  leases: readonly Lease[],
  signal: AbortSignal,
  onWait: (name: string) => void,
): Promise<HeldLease[]> {
  let hasTold = false
  for (;;) {
    signal.throwIfAborted()
    const busy = await firstBusy(leases)
    if (busy === null) {
      const held = await takeFree(leases)
      if (held !== null) return held
    } else if (!hasTold) {
      hasTold = true
      onWait(busy)
    }
    await setTimeout(LEASE_LOOK_MS, null, { signal })
  }
}

async function firstBusy(leases: readonly Lease[]): Promise<string | null> {
  // All are looked at each time: each look is what tells how long a holder has been silent.
  const free = await Promise.all(leases.map((lease) => lease.look().catch(() => false)))
  return leases[free.indexOf(false)]?.name ?? null
}

async function takeFree(leases: readonly Lease[]): Promise<HeldLease[] | null> {
  const held: HeldLease[] = []
  for (const lease of leases) {
    const one = await lease.take().catch(() => null)
    if (one === null) {
      for (const other of held) await other.release()
      return null
    }
    held.push(one)
  }
  return held
}
