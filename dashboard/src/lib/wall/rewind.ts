/** Settled minutes to look back at. */

export const MINUTE_MS = 60_000
/** What the slider reaches over. */
export const SPAN_MS = 24 * 60 * MINUTE_MS
/** Minutes fetched ahead while playing. */
export const AHEAD = 3
/** Minutes that are kept: going back and forth asks once. */
export const KEPT_MINUTES = 8
/** How long a minute stands while playing, ms. */
export const PLAY_MS = 450

export const floorMinute = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS

/** The minute that an address asks for; null = now. */
export function readAt(text: string | null): number | null {
  if (text === null || !/^\d{12,14}$/.test(text)) return null
  return floorMinute(Number(text))
}

export interface Reach {
  /** First and last settled minute, epoch ms. */
  readonly firstMs: number
  readonly lastMs: number
}

/** The day that the slider shows: the newest, or around a minute before it. */
export function sliderWindow({ firstMs, lastMs }: Reach, atMs: number | null): Reach {
  if (atMs === null || atMs >= lastMs - SPAN_MS)
    return { firstMs: Math.max(firstMs, lastMs - SPAN_MS), lastMs }
  const end = Math.min(lastMs, atMs + SPAN_MS / 2)
  return { firstMs: Math.max(firstMs, end - SPAN_MS), lastMs: end }
}

/** A minute within what is settled. */
export const within = ({ firstMs, lastMs }: Reach, ms: number) =>
  Math.min(lastMs, Math.max(firstMs, floorMinute(ms)))

/** The minutes to fetch after one is shown while playing: those ahead that are settled. */
export const aheadOf = (reach: Reach, atMs: number): number[] =>
  Array.from({ length: AHEAD }, (_, at) => atMs + (at + 1) * MINUTE_MS).filter(
    (ms) => ms <= reach.lastMs,
  )
