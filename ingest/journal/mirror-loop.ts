import type { Logger } from '#schemas/role.ts'
import type { Sleep } from '../worker/retry.ts'
import type { Mirror } from './mirror.ts'

/** How often the journal is asked for new entries. */
export const MIRROR_LOOK_MS = 2_000

export interface MirrorLoopDeps {
  readonly mirror: Mirror
  /** False while a disk is nearly full: nothing is written then. */
  readonly hasRoom: () => boolean
  readonly isOver: () => boolean
  readonly sleep: Sleep
  readonly signal: AbortSignal
  readonly log: Logger
}

/** Mirrors until `isOver`; whatever fails is tried again, and said once. Never rejects. */
export async function mirrorWhile(deps: MirrorLoopDeps): Promise<void> {
  const { mirror, hasRoom, isOver, log } = deps
  let hasFailed = false
  while (!isOver()) {
    try {
      while (hasRoom() && (await mirror.step())) if (isOver()) return
      if (hasFailed) log.info('the journal is mirrored again')
      hasFailed = false
    } catch (error) {
      if (!hasFailed)
        log.warn('the journal cannot be mirrored now, trying again', {
          cause: error instanceof Error ? error.message : String(error),
        })
      hasFailed = true
    }
    await deps.sleep(MIRROR_LOOK_MS, deps.signal).catch(() => undefined)
  }
}
