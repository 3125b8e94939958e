/** Part of an interval in which reads may start: late timers must not push one into the next cell. */
const SPREAD = { from: 0.05, to: 0.85 } as const

/** Start of the epoch-aligned cell that a moment lies in, ms. */
export const cellOf = (ms: number, intervalMs: number) => Math.floor(ms / intervalMs) * intervalMs

/**
 * Where in its cell a node is read, ms after the cell's start: always the same for a name, evenly spread over
 * many names. By node and not by address, so that all sources of a node are read in the same moment and fit
 * into one row.
 */
export function spreadOffset(node: string, intervalMs: number): number {
  const { from, to } = SPREAD
  return Math.floor(intervalMs * (from + (to - from) * (hash32(node) / 2 ** 32)))
}

/** Gathering moments is for intervals that are long beside what it moves a read by. */
const GATHER_MOST = 1 / 20

/**
 * `spreadOffset` moved back to a multiple of `gatherMs`: reads that begin together wake the process once, and cost about a
 * quarter less than one by one (measured with 2,000 meters). Intervals shorter than 20 times that keep their own places.
 */
export function gatheredOffset(node: string, intervalMs: number, gatherMs = 0): number {
  const offsetMs = spreadOffset(node, intervalMs)
  if (gatherMs <= 0 || gatherMs > intervalMs * GATHER_MOST) return offsetMs
  return Math.floor(offsetMs / gatherMs) * gatherMs
}

/** Start of the next read at or after a moment, epoch ms. */
export function nextReadMs(nowMs: number, intervalMs: number, offsetMs: number): number {
  const here = cellOf(nowMs, intervalMs) + offsetMs
  return here >= nowMs ? here : here + intervalMs
}

/** FNV-1a with a final mix (murmur3's), so that names that differ in one digit land far apart. */
function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
