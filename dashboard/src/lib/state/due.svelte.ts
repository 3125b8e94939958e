import { untrack } from 'svelte'
import { refreshEveryMs, type Range } from '#lib/range.ts'
import { clock } from '#lib/state/clock.svelte.ts'
import { live } from '#lib/state/live.svelte.ts'

/** Moves when a range that follows the clock is worth asking again; stands still for a fixed one. */
export function dueTick(range: Range): number {
  const every = refreshEveryMs(range)
  return every === null ? 0 : Math.floor(clock.nowMs / every)
}

/** Now by the server's clock where the live stream tells it, else by this machine's. Not tracked. */
export function serverNowMs(): number {
  return untrack(() => live.minuteMs ?? Date.now())
}
