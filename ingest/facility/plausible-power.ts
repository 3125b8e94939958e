import { medianOf, type StoredReading } from './readings.ts'

/** Beyond it no meter of a site goes (schemas/meter-metrics.ts). */
const WATTS_MAX = 1e9
/** Without a limit of its own a meter is believed up to twice what it usually shows… */
const USUAL_TIMES = 2
/** …and, where its next reading says the same, up to this: racks that start a job draw some times their idle power. */
const CONFIRMED_TIMES = 50
/** Differences needed before "usual" means something. */
const USUAL_LEAST = 5
/** Joules; meters of a feed count whole megawatt-hours at most. */
const QUANTUM_MAX = 3.6e9
const MS = 1000

/** A difference of a counter: joules between two moments. */
export interface Difference {
  readonly fromMs: number
  readonly toMs: number
  readonly joules: number
}

export interface PowerLimits {
  /** Whether a load can explain the difference; `beside` are those right before and after it, where there are any. */
  isPossible(difference: Difference, beside?: readonly Difference[]): boolean
  /** Step of the counter, joules: as entered, or as its plateaus show it; 0 = finer than matters. */
  readonly quantum: number
  /** Whether a power reading can be true. */
  isPossiblePower(watts: number): boolean
}

/** What limits a meter: its rating where it was entered, else what it and its power readings usually show. */
export function powerLimits(
  counter: readonly StoredReading[],
  power: readonly StoredReading[],
  facts: { readonly max_watts: number | null; readonly quantum_joules: number },
): PowerLimits {
  const rises = counter.slice(1).flatMap((to, index) => {
    const from = counter[index]
    if (from === undefined || to.value < from.value) return []
    return [{ fromMs: from.atMs, toMs: to.atMs, joules: to.value - from.value }]
  })
  const { max_watts } = facts
  const quantum =
    facts.quantum_joules > 0 ? facts.quantum_joules : shownQuantum(rises, max_watts ?? WATTS_MAX)
  const watts = (difference: Difference, less = quantum) =>
    (Math.max(0, difference.joules - less) * MS) / (difference.toMs - difference.fromMs)
  const positive = rises.filter(({ joules }) => joules > 0).map((rise) => watts(rise, 0))
  const usualRate = positive.length < USUAL_LEAST ? 0 : (medianOf(positive) ?? 0)
  const usualPower = medianOf(power.map(({ value }) => value)) ?? 0
  const usual = Math.max(usualRate, usualPower)

  const isUsual = (difference: Difference, rate: number) => {
    if (usual === 0 || rate <= USUAL_TIMES * usual) return true
    const reach = difference.toMs - difference.fromMs
    const near = power.filter(
      ({ atMs }) => atMs >= difference.fromMs - reach && atMs <= difference.toMs + reach,
    )
    return near.some(({ value }) => rate <= USUAL_TIMES * value)
  }
  return {
    quantum,
    isPossible(difference, beside = []) {
      const rate = watts(difference)
      if (rate > (max_watts ?? WATTS_MAX)) return false
      if (max_watts !== null || isUsual(difference, rate)) return true
      if (rate > CONFIRMED_TIMES * usual) return false
      return beside.some((other) => {
        const near = watts(other, 0)
        return near * USUAL_TIMES >= rate && near <= rate * USUAL_TIMES
      })
    },
    isPossiblePower: (value) =>
      value <= (max_watts ?? WATTS_MAX) &&
      (max_watts !== null ||
        power.length < USUAL_LEAST ||
        usualPower === 0 ||
        value <= CONFIRMED_TIMES * usualPower),
  }
}

/**
 * A counter that stands still between equal steps counts in these steps; but not in steps that no load could make at
 * that pace, such as two wrong values in turn.
 */
function shownQuantum(rises: readonly Difference[], wattsMax: number): number {
  const steps = rises.filter(({ joules }) => joules > 0)
  const [first, last] = [steps[0], steps.at(-1)]
  if (first === undefined || last === undefined || steps.length < 2) return 0
  if (steps.length === rises.length) return 0
  const least = steps.reduce((a, { joules }) => Math.min(a, joules), Infinity)
  const isMultiple = (joules: number) =>
    Math.abs(joules / least - Math.round(joules / least)) < 1e-3
  const sinceFirst = steps.slice(1).reduce((sum, { joules }) => sum + joules, 0)
  const isPossible = sinceFirst * MS <= wattsMax * (last.toMs - first.toMs)
  return least <= QUANTUM_MAX && isPossible && steps.every(({ joules }) => isMultiple(joules))
    ? least
    : 0
}
