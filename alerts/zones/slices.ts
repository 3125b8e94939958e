import type { ZoneSlice } from '#schemas/alerts/zone-set.ts'

export const SLICE_MS = 300_000

/** A level as whole millionths: ratios are compared in integers, so that 0.60 is never 0.6000000001. */
export const ppmOf = (ratio: number): bigint => BigInt(Math.round(ratio * 1_000_000))

/** Sums over some slices. */
export interface SliceSums {
  readonly baseMs: bigint
  readonly knownMs: bigint
  readonly busyX1000: bigint
}

/** busy / known < level. Of nothing known nothing is said. */
export const isUtilBelow = ({ knownMs, busyX1000 }: SliceSums, levelPpm: bigint): boolean =>
  knownMs > 0n && busyX1000 * 1000n < levelPpm * knownMs

/** (busy + unknown) / base < level: below even if every silent device were busy. */
export const isHighBelow = ({ baseMs, knownMs, busyX1000 }: SliceSums, levelPpm: bigint): boolean =>
  baseMs > 0n && (busyX1000 + (baseMs - knownMs) * 1000n) * 1000n < levelPpm * baseMs

/** busy / base > level: above even if every silent device were idle. */
export const isLowAbove = ({ baseMs, busyX1000 }: SliceSums, levelPpm: bigint): boolean =>
  baseMs > 0n && busyX1000 * 1000n > levelPpm * baseMs

/** known / base >= 0.95. */
export const isCovered = ({ baseMs, knownMs }: SliceSums): boolean =>
  baseMs > 0n && knownMs * 100n >= baseMs * 95n

/** More than 5 % of the capacity is measured by another counter than in the slice before. */
export const isSourceChanged = ({ baseMs, sourceChangedMs }: ZoneSlice): boolean =>
  sourceChangedMs * 100n > baseMs * 5n

/** By how much a slice fell short of the target, known device-minutes. */
export function shortMinutes(slice: ZoneSlice | null, targetPpm: bigint): number {
  if (slice === null) return 0
  const short = targetPpm * slice.knownMs - slice.busyX1000 * 1000n
  return short <= 0n ? 0 : Number(short / 1_000_000n) / 60_000
}

const NOTHING: SliceSums = { baseMs: 0n, knownMs: 0n, busyX1000: 0n }

/** Closed slices in a row, a missing one null; sums of any stretch cost the same. */
export interface SliceLine {
  /** Start of the first, epoch ms. */
  readonly fromMs: number
  readonly slices: readonly (ZoneSlice | null)[]
  /** Sums and count of slices in [from, to), indexes. */
  sums(from: number, to: number): SliceSums & { readonly present: number }
}

/** Puts slices in a row by their time, whatever their order. Throws on a slice that is not aligned: a fault of the caller. */
export function sliceLine(given: readonly ZoneSlice[]): SliceLine {
  const byStart = new Map(given.map((slice) => [slice.fromMs, slice]))
  const starts = [...byStart.keys()]
  for (const ms of starts)
    if (ms % SLICE_MS !== 0) throw new RangeError(`a slice begins at ${ms}, not on a 5-minute mark`)
  const fromMs = starts.reduce((least, ms) => Math.min(least, ms), starts[0] ?? 0)
  const lastMs = starts.reduce((most, ms) => Math.max(most, ms), fromMs)
  const count = starts.length === 0 ? 0 : (lastMs - fromMs) / SLICE_MS + 1
  const slices = Array.from(
    { length: count },
    (_, at) => byStart.get(fromMs + at * SLICE_MS) ?? null,
  )
  const until = [{ ...NOTHING, present: 0 }]
  for (const [at, slice] of slices.entries()) {
    const before = until[at] ?? { ...NOTHING, present: 0 }
    until.push(slice === null ? before : { ...add(before, slice, 1n), present: before.present + 1 })
  }
  return {
    fromMs,
    slices,
    sums(from, to) {
      const [first, last] = [until[Math.max(0, from)], until[to]]
      if (first === undefined || last === undefined) return { ...NOTHING, present: 0 }
      return { ...add(last, first, -1n), present: last.present - first.present }
    },
  }
}

const add = (a: SliceSums, b: SliceSums, times: bigint): SliceSums => ({
  baseMs: a.baseMs + times * b.baseMs,
  knownMs: a.knownMs + times * b.knownMs,
  busyX1000: a.busyX1000 + times * b.busyX1000,
})
