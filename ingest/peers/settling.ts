import type { Clock, Logger } from '#schemas/role.ts'
import { type Lease, takeAll } from '../bus/lease.ts'
import type { CapacityInterval } from '../settle/capacity.ts'
import type { SettleDeps, Settler } from '../settle/settle.ts'
import type { Store } from '../store/store.ts'
import { loadIntervals } from '../worker/load.ts'
import type { Sleep } from '../worker/retry.ts'
import type { DeviceKnowledge } from '../worker/stage.ts'
import { leaseFence } from './fence.ts'
import { createFollower } from './follow.ts'
import { createObserver } from './observe.ts'

/** How often a process asks what the others stored. */
export const FOLLOW_MS = 3_000
/**
 * The same for a process that holds every shard: what it finds is nearly always its own. Short of the settle delay, so
 * that a minute closes with what is known of it; each look costs the engine 25 to 65 ms.
 */
export const FOLLOW_ALONE_MS = 9_000
/** Clocks of two processes differ by less (docs/scaling.md asks for NTP). */
const SKEW_MS = 2_000
/** Pause before settling is taken up again after it could not be. */
const AGAIN_MS = 1_000

export interface PeerDeps {
  readonly store: Pick<Store, 'query' | 'insertJson'>
  readonly knowledge: DeviceKnowledge
  readonly intervals: readonly CapacityInterval[]
  /** The right to settle, of which a site has one; null = this process never settles. */
  readonly lease: Lease | null
  /** This process holds every shard. */
  readonly isAlone: boolean
  readonly clock: Clock
  readonly sleep: Sleep
  readonly log: Logger
  readonly signal: AbortSignal
  createSettler(parts: Pick<SettleDeps, 'intervals' | 'shared'>): Promise<Settler>
  /** Settles until `isOver`; resolves then. */
  settle(settler: Settler, isOver: () => boolean): Promise<void>
}

/**
 * What a process does because it is one of several: it learns what the others store, and settles while it is
 * the one that does. Resolves when the signal is raised; never rejects.
 */
export async function workWithPeers(deps: PeerDeps): Promise<void> {
  const { store, knowledge, clock, log, signal, lease } = deps
  const follower = createFollower({ ...deps })
  let turn: Promise<unknown> = Promise.resolve()
  /** One at a time: a look goes on from where the one before ended. */
  const lookAround = (settles: boolean): Promise<readonly CapacityInterval[]> => {
    const look = turn.then(() => follower.look(settles))
    turn = look.catch(() => undefined)
    return look
  }
  let settling: { readonly settler: Settler; look(): Promise<void> } | null = null

  const follow = async () => {
    let hasFailed = false
    while (!signal.aborted) {
      try {
        const intervals = await lookAround(settling !== null)
        settling?.settler.noteOthers([], intervals)
        await settling?.look()
        hasFailed = false
      } catch (error) {
        if (!hasFailed) log.warn('cannot learn what other processes stored', { cause: text(error) })
        hasFailed = true
      }
      await deps.sleep(deps.isAlone ? FOLLOW_ALONE_MS : FOLLOW_MS, signal).catch(() => undefined)
    }
  }

  const settleOnce = async (own: Lease) => {
    const [held] = await takeAll([own], signal, () => log.info('another process settles'))
    if (held === undefined) return
    try {
      const observer = createObserver({ store, capacity: knowledge.capacity, clock })
      await lookAround(true)
      // Before the plan is made: what is stored while it is made is told of by the next look.
      await observer.look()
      const settler = await deps.createSettler({
        intervals: await loadIntervals(store),
        shared: {
          fence: leaseFence(held),
          skewMs: SKEW_MS,
          onAccepted: (intervals) => follower.knows(intervals),
        },
      })
      settling = {
        settler,
        look: async () => settler.noteOthers(await observer.look(), []),
      }
      log.info('this process settles')
      await deps.settle(settler, () => signal.aborted || !held.isHeld())
    } finally {
      settling = null
      await held.release()
    }
    if (!signal.aborted) log.warn('another process may settle now')
  }

  const settleWhileMine = async (own: Lease) => {
    while (!signal.aborted) {
      try {
        await settleOnce(own)
      } catch (error) {
        if (!signal.aborted)
          log.warn('settling cannot be taken up, trying again', { cause: text(error) })
      }
      await deps.sleep(AGAIN_MS, signal).catch(() => undefined)
    }
  }

  await Promise.all([follow(), ...(lease === null ? [] : [settleWhileMine(lease)])])
}

const text = (error: unknown) => (error instanceof Error ? error.message : String(error))
