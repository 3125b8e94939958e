import type { ZoneSlice } from '#schemas/alerts/zone-set.ts'

export const SLICE_MS = 300_000
export const SLICES_PER_HOUR = 12
export const SLICES_PER_WEEK = 7 * 24 * SLICES_PER_HOUR

/** One closed slice as ratios; DEFINITIONS section 3. */
export interface Reading {
  /** busy / known; null when nothing is known of the slice. */
  readonly utilization: number | null
  /** known / base; 0 without a base. */
  readonly coverage: number
}

/** Slices in a row without a hole: place k is the slice that starts at `fromMs + k * SLICE_MS`. */
export interface Series {
  readonly fromMs: number
  readonly readings: readonly Reading[]
}

const NOTHING: Reading = { utilization: null, coverage: 0 }
/** Of a slice that speaks for less, the utilization is not learned from: DEFINITIONS section 9. */
export const COVERAGE_MIN = 0.95

/** Lines slices up by time; a slice that is not there is one of which nothing is known. */
export function seriesOf(slices: readonly ZoneSlice[]): Series {
  const first = slices[0]
  const last = slices.at(-1)
  if (first === undefined || last === undefined) return { fromMs: 0, readings: [] }
  const count = Math.round((last.fromMs - first.fromMs) / SLICE_MS) + 1
  const readings = Array.from({ length: count }, () => NOTHING)
  for (const slice of slices)
    readings[Math.round((slice.fromMs - first.fromMs) / SLICE_MS)] = readingOf(slice)
  return { fromMs: first.fromMs, readings }
}

/** The same run up to `toMs`, with what `slices` say in place of what was there; at most so many of the newest slices. */
export function extendSeries(
  series: Series,
  slices: readonly ZoneSlice[],
  { toMs, slicesMax }: { readonly toMs: number; readonly slicesMax: number },
): Series {
  const firstMs = series.readings.length > 0 ? series.fromMs : (slices[0]?.fromMs ?? toMs)
  const count = Math.max(0, Math.round((toMs - firstMs) / SLICE_MS))
  const cut = Math.max(0, count - slicesMax)
  const readings = Array.from(
    { length: count - cut },
    (_, at) => series.readings[at + cut] ?? NOTHING,
  )
  for (const slice of slices) {
    const at = Math.round((slice.fromMs - firstMs) / SLICE_MS) - cut
    if (at >= 0 && at < readings.length) readings[at] = readingOf(slice)
  }
  return { fromMs: firstMs + cut * SLICE_MS, readings }
}

/** Ratios of one slice; integers are divided here and nowhere before. */
export function readingOf({ baseMs, knownMs, busyX1000 }: ZoneSlice): Reading {
  if (baseMs <= 0n || knownMs <= 0n) return NOTHING
  return {
    utilization: Math.min(1, Number(busyX1000) / 1000 / Number(knownMs)),
    coverage: Math.min(1, Number(knownMs) / Number(baseMs)),
  }
}

/** A share of this or less is an outage of the whole scope, not a level to learn from. */
const OUTAGE_SHARE = 0.05

/**
 * What may be learned from: utilization of slices that are known well and in no outage; null elsewhere. An outage is
 * found, not looked up: nearly nothing runs where half of the week's slices are far busier. Its edges (an hour round it, while jobs come back)
 * are dropped too.
 */
export function learnable({ readings }: Series): (number | null)[] {
  const values = readings.map(({ utilization, coverage }) =>
    coverage >= COVERAGE_MIN ? utilization : null,
  )
  const known = values.filter((value) => value !== null).sort((a, b) => a - b)
  const usual = known[Math.floor(known.length / 2)] ?? 0
  if (usual < 4 * OUTAGE_SHARE) return values
  const isOut = values.map((value) => value !== null && value <= OUTAGE_SHARE)
  const after = reach(isOut)
  const before = reach([...isOut].reverse()).reverse()
  return values.map((value, at) => (after[at] === true || before[at] === true ? null : value))
}

/** True at a marked place and for an hour after it. */
function reach(marks: readonly boolean[]): boolean[] {
  let left = 0
  return marks.map((mark) => {
    left = mark ? SLICES_PER_HOUR + 1 : Math.max(0, left - 1)
    return left > 0
  })
}
