/** A power reading: epoch ms, whole milliwatts. */
export interface PowerSample {
  readonly atMs: number
  readonly milliwatts: number
}

/** Energy of a span and how much of its time the samples speak for. */
export interface Energy {
  /** Halves of a microjoule (mW x ms), so that a trapezoid of whole numbers is a whole number. */
  readonly halfMicrojoules: bigint
  readonly knownMs: number
}

/** Half-open, epoch ms. */
export interface EnergySpan {
  readonly fromMs: number
  readonly toMs: number
}

const HALF_MICROJOULES_PER_WH = 2 * 3.6e9
const NOTHING: Energy = { halfMicrojoules: 0n, knownMs: 0 }

/**
 * Energy under the straight lines between samples in the order of time (DEFINITIONS section 7). Samples further apart
 * than `gapMaxMs` (three intervals) are not joined: that time is unknown. Of two samples of one moment the first counts.
 * A span may begin and end anywhere; parts of a span add up to the whole, to the last unit.
 */
export function energyOf(
  samples: Iterable<PowerSample>,
  { fromMs, toMs }: EnergySpan,
  gapMaxMs: number,
): Energy {
  let total = NOTHING
  let last: PowerSample | null = null
  for (const sample of samples) {
    if (last !== null && sample.atMs <= last.atMs) continue
    if (last !== null && sample.atMs - last.atMs <= gapMaxMs)
      total = added(total, segmentEnergy(last, sample, { fromMs, toMs }))
    last = sample
  }
  return total
}

/** Energy between two samples, cut at the span. */
function segmentEnergy(from: PowerSample, to: PowerSample, span: EnergySpan): Energy {
  const startMs = Math.max(from.atMs, span.fromMs)
  const endMs = Math.min(to.atMs, span.toMs)
  if (endMs <= startMs) return NOTHING
  const until = (ms: number) => energyUntil(from, to, ms - from.atMs)
  return { halfMicrojoules: until(endMs) - until(startMs), knownMs: endMs - startMs }
}

/**
 * Energy of the first `ms` of a segment, rounded down: what lies between two moments is a difference of these, so that
 * the parts of a segment always add up to all of it.
 */
function energyUntil(from: PowerSample, to: PowerSample, ms: number): bigint {
  const length = BigInt(to.atMs - from.atMs)
  const at = BigInt(ms)
  const [first, last] = [BigInt(from.milliwatts), BigInt(to.milliwatts)]
  return (2n * first * at * length + (last - first) * at * at) / length
}

export const added = (a: Energy, b: Energy): Energy => ({
  halfMicrojoules: a.halfMicrojoules + b.halfMicrojoules,
  knownMs: a.knownMs + b.knownMs,
})

/** Watt-hours, divided once at the rim. */
export const wattHours = ({ halfMicrojoules }: Energy): number =>
  Number(halfMicrojoules) / HALF_MICROJOULES_PER_WH

/** Watts as tools print them -> whole milliwatts. */
export const milliwattsOf = (watts: number): number => Math.round(watts * 1000)
