/** Times [fromMs, toMs), epoch ms. */
interface Reach {
  readonly fromMs: number
  readonly toMs: number
}

/** A place in the order of what was begun. */
export interface Turn {
  /** Resolves when everything before it that reaches the same time has ended, whether well or not. Never rejects. */
  readonly comes: Promise<void>
  /** Lets those after it go on; call it however the work ended. */
  end(): void
}

/** Lets work go on side by side, and one after the other where it reaches the same time. */
export interface Turns {
  /** Takes the next place in the order at once. */
  take(reach: Reach): Turn
}

export function createTurns(): Turns {
  const running = new Set<{ readonly reach: Reach; readonly ended: Promise<void> }>()
  return {
    take(reach) {
      const before = [...running]
        .filter((one) => one.reach.fromMs < reach.toMs && one.reach.toMs > reach.fromMs)
        .map((one) => one.ended)
      const { promise, resolve } = Promise.withResolvers<void>()
      const mine = { reach, ended: promise }
      running.add(mine)
      return {
        comes: Promise.all(before).then(() => undefined),
        end() {
          running.delete(mine)
          resolve()
        },
      }
    },
  }
}
