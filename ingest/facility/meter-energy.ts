import type { MeterRow } from '#schemas/facility.ts'
import { METER_FLAGS } from '#schemas/meter-flags.ts'
import { added, type Energy, energyOf, milliwattsOf } from '../energy/trapezoid.ts'
import { type CounterReading, type CounterStep, counterSteps } from './counter.ts'
import { powerLimits } from './plausible-power.ts'
import { inOrder, type MeterReadings, type StoredReading } from './readings.ts'

/** Buckets of meter_energy_15m and facility_15m, epoch aligned. */
export const BUCKET_MS = 900_000

/** What the tree says of a meter and energy needs. */
export type MeterFacts = Pick<
  MeterRow,
  'energy' | 'quantum_joules' | 'rollover_joules' | 'max_watts'
>

/** Energy through a meter in one bucket, in whole numbers. */
export interface MeterBucket {
  readonly fromMs: number
  readonly energyMj: number
  /** Time of the bucket that readings speak for, at most BUCKET_MS. */
  readonly knownMs: number
  /** Of it, time that only power over time speaks for. */
  readonly estimatedMs: number
  /** Bits of METER_FLAGS. */
  readonly flags: number
}

/** Half-open, epoch ms. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Energy of any span: parts of a span add up to it, to the last unit. */
export interface SpanEnergy {
  readonly counterMj: bigint
  readonly counterMs: number
  /** Where no counter speaks. */
  readonly power: Energy
  readonly flags: number
}

export interface MeterEnergy {
  of(span: Span): SpanEnergy
  bucket(fromMs: number): MeterBucket
  /** Differences that reach over more than one interval: what was settled before they were stored lacks them. */
  readonly long: readonly (Span & { readonly insertedMs: number })[]
}

/** Half microjoules in a millijoule. */
const PER_MJ = 2_000n
/** A bucket is uncertain by more than a fiftieth when the counter's step is that large. */
const COARSE_SHARE = 50
/** Rows of a live meter that are stored at a steady distance from their own time, and this far: its clock is off. */
const CLOCK_OFF_MS = 25 * 60_000
const CLOCK_SPREAD_MS = 150_000

/**
 * Energy of one meter from its readings in a window: the counter first, power over time only where there is none. Pure:
 * the same readings in any order, some of them twice, give the same. Never negative.
 */
export function meterEnergy(readings: MeterReadings, facts: MeterFacts): MeterEnergy {
  const power = facts.energy === 'counter' ? [] : inOrder(readings.power)
  const counter = facts.energy === 'power' ? [] : withResets(readings)
  const limits = powerLimits(counter, power, facts)
  const steps = counterSteps(counter, facts, limits)
  const believed = power.filter(({ value }) => limits.isPossiblePower(value))
  const samples = believed.map(({ atMs, value }) => ({ atMs, milliwatts: milliwattsOf(value) }))
  const refusedMs = power
    .filter(({ value }) => !limits.isPossiblePower(value))
    .map(({ atMs }) => atMs)
  const isClockOff = clockIsOff(counter.length > 0 ? counter : power)

  const of = ({ fromMs, toMs }: Span): SpanEnergy => {
    let [counterMj, counterMs, flags] = [0n, 0, 0]
    let nothing: Energy = { halfMicrojoules: 0n, knownMs: 0 }
    let reachedMs = fromMs
    const fill = (untilMs: number) => {
      if (samples.length > 1 && untilMs > reachedMs)
        nothing = added(nothing, energyOf(samples, { fromMs: reachedMs, toMs: untilMs }, BUCKET_MS))
    }
    for (const step of steps) {
      if (step.toMs <= fromMs || step.fromMs >= toMs) continue
      flags |= step.flags | (isBridged(step) ? METER_FLAGS.bridged : 0)
      if (step.mj === null) continue
      const [beginMs, endMs] = [Math.max(step.fromMs, fromMs), Math.min(step.toMs, toMs)]
      fill(beginMs)
      counterMj += partUntil(step, step.mj, endMs) - partUntil(step, step.mj, beginMs)
      counterMs += endMs - beginMs
      reachedMs = endMs
    }
    fill(toMs)
    if (refusedMs.some((ms) => ms >= fromMs && ms < toMs)) flags |= METER_FLAGS.implausible
    return { counterMj, counterMs, power: nothing, flags }
  }
  return {
    of,
    bucket(fromMs) {
      const {
        counterMj,
        counterMs,
        power: estimate,
        flags,
      } = of({ fromMs, toMs: fromMs + BUCKET_MS })
      const isCoarse = counterMs > 0 && limits.quantum * 1000 * COARSE_SHARE > Number(counterMj)
      const own =
        (estimate.knownMs > 0 ? METER_FLAGS.estimated : 0) |
        (isCoarse ? METER_FLAGS.coarse : 0) |
        (isClockOff ? METER_FLAGS.clock : 0)
      return {
        fromMs,
        energyMj: Number(counterMj + estimate.halfMicrojoules / PER_MJ),
        knownMs: counterMs + estimate.knownMs,
        estimatedMs: estimate.knownMs,
        flags: flags | own,
      }
    },
    long: steps.filter(({ fromMs, toMs, stepMs }) => toMs - fromMs > stepMs),
  }
}

const isBridged = ({ fromMs, toMs }: CounterStep) => toMs - fromMs > BUCKET_MS

/** Energy of a step up to a moment in it, spread evenly, rounded down: parts are differences of these. */
const partUntil = ({ fromMs, toMs }: CounterStep, mj: bigint, ms: number): bigint =>
  (mj * BigInt(ms - fromMs)) / BigInt(toMs - fromMs)

/** Counter readings with the moment of their last reset, where the meter says one at the same time. */
function withResets({ energy, resets }: MeterReadings): CounterReading[] {
  const byTime = new Map(inOrder(resets).map(({ atMs, value }) => [atMs, value * 1000]))
  return inOrder(energy).map((reading) => ({
    ...reading,
    resetMs: byTime.get(reading.atMs) ?? null,
  }))
}

/**
 * Rows that come one by one, each as long after its own time as the others, and long after: a time zone is wrong. What
 * was spooled or imported comes at once, so its distances differ.
 */
function clockIsOff(readings: readonly StoredReading[]): boolean {
  if (readings.length < 3) return false
  let [least, most, step] = [Infinity, -Infinity, 0]
  for (const { atMs, insertedMs, stepMs } of readings) {
    least = Math.min(least, insertedMs - atMs)
    most = Math.max(most, insertedMs - atMs)
    step = Math.max(step, stepMs)
  }
  return least >= CLOCK_OFF_MS && most - least <= CLOCK_SPREAD_MS + step
}
