import { DEVICE_METRICS, isPlausible, type MetricName } from '#schemas/metrics.ts'
import type { Cells } from './cells.ts'
import type { Entity } from './identity.ts'
import { LIMITS } from './limits.ts'
import { SUMS } from './map.ts'

/** What is remembered of one device's counters between reads of a target. */
export interface CounterSample {
  /** Per sum: which parts it was made of, as bits. */
  readonly parts: number[]
  /** Per sum: reads in a row in which one of them was missing. */
  readonly without: number[]
  /** Per throttle counter: its value at its last change, and when that was seen. */
  readonly seconds: (number | null)[]
  readonly changedMs: number[]
}

/** Device key -> sample; bounded by LIMITS.energyTracked. */
export type CounterMemory = Map<string, CounterSample>

export const newCounterMemory = (): CounterMemory => new Map()

/** Reads in a row without a part of a sum, after which the exporter is taken to have dropped the field. */
const DROPPED_AFTER = 3
/** The sum is one field that holds all parts already. */
const WHOLE = 1 << 30

/** Throttle counters and how many seconds they may gain per second: heat adds two that may run at once. */
const SLOPES: readonly { readonly slot: number; readonly max: number }[] = (
  [
    ['throttle_power_seconds_total', 1.1],
    ['throttle_thermal_seconds_total', 2.2],
    ['throttle_hardware_seconds_total', 1.1],
  ] as const satisfies readonly (readonly [MetricName, number])[]
).map(([metric, max]) => ({
  slot: DEVICE_METRICS.findIndex((known) => known.name === metric),
  max,
}))
/** Values may be one collect interval old at either end, s. */
const SLOPE_SLACK_S = 60

/** The device's sample, made on first sight; undefined for a captured page and beyond the limit. */
export function counterSample(
  memory: CounterMemory,
  { key }: Entity,
  nowMs: number | null,
): CounterSample | undefined {
  if (nowMs === null) return undefined
  const known = memory.get(key)
  if (known !== undefined || memory.size >= LIMITS.energyTracked) return known
  const made = { parts: [], without: [], seconds: [], changedMs: [] }
  memory.set(key, made)
  return made
}

/**
 * Adds up the parts of each summed counter, in place. A part that never counted anything may be absent, so
 * absent adds nothing; but a part that was there before leaves a hole for the whole sum, which would
 * otherwise fall and rise again by what it had counted.
 */
export function addParts(cells: Cells, sample: CounterSample | undefined): void {
  // By position, and nothing made before there is something to add: this runs for every device of every page.
  for (let at = 0; at < SUMS.length; at += 1) {
    const summed = SUMS[at]
    if (summed === undefined || !hasSpoken(cells, summed.parts)) continue
    const { slot, parts } = summed
    const spoken = parts.filter((part) => (cells.fields[part] ?? -1) >= 0)
    const given = spoken.filter((part) => !Number.isNaN(cells.values[part] ?? NaN))
    const whole = cells.values[slot] ?? NaN
    const isWhole = given.length < parts.length && !Number.isNaN(whole)
    const used = isWhole
      ? WHOLE
      : given.reduce((bits, part) => bits | (1 << parts.indexOf(part)), 0)
    const sum = isWhole ? whole : given.reduce((all, part) => all + (cells.values[part] ?? 0), 0)
    const metric = DEVICE_METRICS[slot]
    const isInRange = metric !== undefined && isPlausible(metric, sum)
    const isKnown = used !== 0 && isInRange && !isShortOfParts(sample, at, used)
    cells.values[slot] = isKnown ? sum : NaN
    if (isWhole) continue
    const first = spoken[0] ?? -1
    cells.fields[slot] = cells.fields[first] ?? -1
    cells.rows[slot] = cells.rows[first] ?? -1
  }
}

function hasSpoken({ fields }: Cells, parts: readonly number[]): boolean {
  for (const part of parts) if ((fields[part] ?? -1) >= 0) return true
  return false
}

function isShortOfParts(sample: CounterSample | undefined, at: number, used: number): boolean {
  if (sample === undefined) return false
  const before = sample.parts[at] ?? 0
  const isShort = (before & ~used) !== 0
  const without = isShort ? (sample.without[at] ?? 0) + 1 : 0
  sample.without[at] = without
  if (isShort && without <= DROPPED_AFTER) return true
  sample.parts[at] = used
  sample.without[at] = 0
  return false
}

/**
 * Takes out, in place, throttle counters that gained more seconds than have passed: nanoseconds of one
 * version are microseconds of another. Hands each refused row to `refuse`.
 */
export function refuseSteep(
  cells: Cells,
  sample: CounterSample | undefined,
  nowMs: number | null,
  refuse: (row: number) => void,
): void {
  if (sample === undefined || nowMs === null) return
  for (let at = 0; at < SLOPES.length; at += 1) {
    const { slot, max } = SLOPES[at] ?? { slot: -1, max: 0 }
    const now = cells.values[slot] ?? NaN
    if (Number.isNaN(now)) continue
    const before = sample.seconds[at] ?? null
    const elapsedS = (nowMs - (sample.changedMs[at] ?? nowMs)) / 1000
    if (before !== null && now - before > Math.max(0, elapsedS) * max + SLOPE_SLACK_S) {
      cells.values[slot] = NaN
      refuse(cells.rows[slot] ?? -1)
    } else if (now !== before) {
      sample.seconds[at] = now
      sample.changedMs[at] = nowMs
    }
  }
}
