import { DEFAULT_ZONE_LEVELS, type Zone } from '#schemas/zones.ts'

/** Where a utilization stands against the load lines. What is said here is a reading, not an alert. */

export interface Level {
  readonly zone: Exclude<Zone, 'ok'>
  /** Below this ratio the zone begins. */
  readonly below: number
}

/** The lines of a site that entered none, from the top down: ticket, watch, warn, danger. */
export const LEVELS: readonly Level[] = [
  { zone: 'ticket', below: DEFAULT_ZONE_LEVELS.ticket },
  { zone: 'watch', below: DEFAULT_ZONE_LEVELS.watch },
  { zone: 'warn', below: DEFAULT_ZONE_LEVELS.warn },
  { zone: 'danger', below: DEFAULT_ZONE_LEVELS.danger },
]

/** Below this coverage nothing may be called ok (DEFINITIONS section 9). */
export const COVERAGE_FOR_OK = 0.95

/** The deepest zone whose level the ratio is below. */
export function zoneOf(ratio: number, levels: readonly Level[] = LEVELS): Zone {
  return levels.findLast((level) => ratio < level.below)?.zone ?? 'ok'
}

export interface Reading {
  readonly utilization: number | null
  readonly util_lo: number | null
  readonly util_hi: number | null
  readonly coverage: number | null
}

export type Standing =
  | { readonly kind: 'unknown' }
  /** Coverage is too low for a verdict; the zones the true value may be in, best and worst. */
  | { readonly kind: 'held'; readonly best: Zone; readonly worst: Zone }
  /** `certain`: both bounds fall into the same zone. */
  | { readonly kind: 'zone'; readonly zone: Zone; readonly certain: boolean }

/**
 * The standing of a group. Danger is said even at low coverage when the upper bound is below the danger
 * line; otherwise low coverage holds the verdict, because silence must never read as healthy.
 */
export function standing(reading: Reading, levels: readonly Level[] = LEVELS): Standing {
  const { utilization, util_lo, util_hi, coverage } = reading
  if (utilization === null || util_lo === null || util_hi === null) return { kind: 'unknown' }
  const best = zoneOf(util_hi, levels)
  const worst = zoneOf(util_lo, levels)
  if (best === 'danger') return { kind: 'zone', zone: 'danger', certain: true }
  if (coverage === null || coverage < COVERAGE_FOR_OK) return { kind: 'held', best, worst }
  return { kind: 'zone', zone: zoneOf(utilization, levels), certain: best === worst }
}

/**
 * Places for labels that would stand too close: ascending positions, each at least `gap` below the one
 * before. The block keeps its middle, so that labels stay beside their lines as far as they can.
 */
export function spread(positions: readonly number[], gap: number): number[] {
  const placed: number[] = []
  for (const position of positions) {
    placed.push(Math.max(position, (placed.at(-1) ?? Number.NEGATIVE_INFINITY) + gap))
  }
  const moved = placed.reduce((sum, place, at) => sum + place - (positions[at] ?? place), 0)
  const shift = placed.length === 0 ? 0 : moved / placed.length
  return placed.map((place) => place - shift)
}

/** The level of a zone, or null for ok. */
export function levelOf(zone: Zone, levels: readonly Level[] = LEVELS): number | null {
  return levels.find((level) => level.zone === zone)?.below ?? null
}

/**
 * The stretch of the scale to draw, as ratios: always all four lines, and the bounds with some room.
 * Ends fall on whole 5 % so that the scale does not crawl with every update.
 */
export function scaleDomain(
  reading: Reading,
  levels: readonly Level[] = LEVELS,
): { readonly min: number; readonly max: number } {
  const lines = levels.map(({ below }) => below)
  const low = Math.min(...lines.map((line) => line - 0.05), reading.util_lo ?? 1)
  const high = Math.max(...lines.map((line) => line + 0.05), reading.util_hi ?? 0)
  const step = 0.05
  return {
    min: Math.max(0, Math.floor((low - 0.01) / step) * step),
    max: Math.min(1, Math.ceil((high + 0.01) / step) * step),
  }
}
