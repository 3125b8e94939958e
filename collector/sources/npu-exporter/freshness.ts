import type { ChipRows } from './parse.ts'

/** How the event times of one exporter moved over reads: what tells a frozen cache from a wrong clock. */
export interface FreshnessMemory {
  readonly chips: Map<
    string,
    { readonly newestMs: number; readonly advancedMs: number; readonly readMs: number }
  >
}

export const newFreshness = (): FreshnessMemory => ({ chips: new Map() })

/** Narrows what a target's memory holds. */
export function isFreshness(kept: unknown): kept is FreshnessMemory {
  return typeof kept === 'object' && kept !== null && 'chips' in kept && kept.chips instanceof Map
}

/** What is known when a page is read. */
export interface ReadMoment {
  /** Epoch ms of the read; null for a captured page, whose newest sample then says what "now" was. */
  readonly nowMs: number | null
  readonly staleAfterMs: number
  readonly memory: FreshnessMemory
}

/** A chip nobody showed for this long is forgotten, ms. */
const FORGET_MS = 3_600_000

/**
 * Chips whose samples no longer move. At first sight a chip is judged by the age of its newest sample; later
 * by how long ago that sample last changed, so a node whose clock is wrong is not taken for a frozen
 * exporter. Rows without event times are never stale.
 */
export function staleChips(chips: readonly ChipRows[], moment: ReadMoment): ReadonlySet<ChipRows> {
  const { nowMs, staleAfterMs } = moment
  if (nowMs === null) {
    const pageMs = Math.max(...chips.map((chip) => chip.newestMs ?? -Infinity))
    return new Set(chips.filter(({ newestMs }) => pageMs - (newestMs ?? pageMs) > staleAfterMs))
  }
  const stale = new Set<ChipRows>()
  for (const chip of chips) {
    if (chip.newestMs === null) continue
    const advancedMs = lastAdvance(chip, chip.newestMs, moment.memory, nowMs)
    if (nowMs - advancedMs > staleAfterMs) stale.add(chip)
  }
  for (const [key, { readMs }] of moment.memory.chips)
    if (nowMs - readMs > FORGET_MS) moment.memory.chips.delete(key)
  return stale
}

function lastAdvance(
  chip: ChipRows,
  newestMs: number,
  { chips }: FreshnessMemory,
  nowMs: number,
): number {
  const key = chip.vdie ?? `id ${chip.id}`
  const known = chips.get(key)
  // The collector's clock may be set back; nothing moved in the future.
  const before = Math.min(known?.advancedMs ?? newestMs, nowMs)
  const advancedMs = known === undefined || known.newestMs === newestMs ? before : nowMs
  chips.set(key, { newestMs, advancedMs, readMs: nowMs })
  return advancedMs
}
