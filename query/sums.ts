import type { FleetGroup } from '#schemas/api.ts'
import { BUSY_SOURCES } from '#schemas/metrics.ts'
import type { Dimension } from './filters.ts'
import { SUM_FIELDS, type SumsRow } from './queries/fleet-sums.ts'
import { NO_STATES, STATE_COLUMNS, type StateColumn } from './state-sums.ts'

/** Integer sums of one group (and step), of all tables together. Milliseconds; see the ledger's columns. */
export interface Sums {
  capacity: bigint
  verification: bigint
  known: bigint
  busyX1000: bigint
  activeKnown: bigint
  activeX1000: bigint
  effectiveKnown: bigint
  effectiveX1000: bigint
  powerKnown: bigint
  powerMwMs: bigint
  memoryKnown: bigint
  memoryX1000: bigint
  temperatureKnown: bigint
  temperatureMax: number | null
  /** Time of the buckets in which there was capacity, ms. */
  presentMs: number
  /** By code of BUSY_SOURCES; null when nobody asked for sources. */
  bySource: Map<number, SourceSums> | null
  /** NO_STATES when nobody asked for states, or no time is in any. */
  states: Record<StateColumn, bigint>
}

/** What one busy source told: milliseconds, and of busy times 1,000. */
export interface SourceSums {
  readonly known: bigint
  readonly busyX1000: bigint
}

/** No time yet; a question that does not tell sources apart needs no map in each of thousands of steps. */
export const emptySums = ({ bySource } = { bySource: true }): Sums => ({
  capacity: 0n,
  verification: 0n,
  known: 0n,
  busyX1000: 0n,
  activeKnown: 0n,
  activeX1000: 0n,
  effectiveKnown: 0n,
  effectiveX1000: 0n,
  powerKnown: 0n,
  powerMwMs: 0n,
  memoryKnown: 0n,
  memoryX1000: 0n,
  temperatureKnown: 0n,
  temperatureMax: null,
  presentMs: 0,
  bySource: bySource ? new Map() : null,
  states: NO_STATES,
})

/** Adds one row, except for its time: rows of one group and step may share it. */
export function addRow(sums: Sums, row: SumsRow): void {
  const before = { known: sums.known, busyX1000: sums.busyX1000 }
  let wideAt = 0
  row.sums.forEach((value, at) => {
    if (value === 0) return
    const whole = BigInt(Number.isSafeInteger(value) ? value : (row.wide[wideAt++] ?? value))
    const field = SUM_FIELDS[at]
    if (field !== undefined) sums[field] += whole
    else addState(sums, STATE_COLUMNS[at - SUM_FIELDS.length], whole)
  })
  sums.temperatureMax = maxOrNull(sums.temperatureMax, row.max_temperature_celsius)
  const { bySource } = sums
  const known = sums.known - before.known
  if (bySource === null || known <= 0n) return
  const had = bySource.get(row.source) ?? NO_TIME
  bySource.set(row.source, {
    known: had.known + known,
    busyX1000: had.busyX1000 + sums.busyX1000 - before.busyX1000,
  })
}

const NO_TIME: SourceSums = { known: 0n, busyX1000: 0n }

function addState(sums: Sums, column: StateColumn | undefined, whole: bigint): void {
  if (column === undefined) return
  if (sums.states === NO_STATES) sums.states = { ...NO_STATES }
  sums.states[column] += whole
}

const maxOrNull = (a: number | null, b: number | null) =>
  a === null ? b : b === null ? a : Math.max(a, b)

/** A group's values as one text: the same for all reads of a question. */
export const rowKey = (keys: readonly string[], groupBy: readonly Dimension[]): string =>
  JSON.stringify(keys.slice(0, groupBy.length))

/** The group key of an answer. */
export const groupKey = (
  keys: readonly string[],
  groupBy: readonly Dimension[],
): Record<string, string> => Object.fromEntries(groupBy.map((field, at) => [field, keys[at] ?? '']))

const SCALE = 10n ** 15n

/**
 * part / whole as a ratio, null for an empty whole. Divides integers before it makes a double, so that
 * ratios of ordered fractions stay ordered: util_lo <= utilization <= util_hi holds to the last bit.
 */
export function ratioOf(part: bigint, whole: bigint): number | null {
  if (whole <= 0n) return null
  return Number((part * SCALE) / whole) / Number(SCALE)
}

const smaller = (a: bigint, b: bigint) => (a < b ? a : b)
export const baseOf = (sums: Pick<Sums, 'capacity' | 'verification'>) =>
  sums.capacity - sums.verification

/** What utilization is divided from. */
export type UtilizationSums = Readonly<
  Pick<Sums, 'capacity' | 'verification' | 'known' | 'busyX1000'>
>

/** DEFINITIONS section 3. */
export function utilizationOf(sums: UtilizationSums) {
  const base = baseOf(sums)
  const unknown = base - sums.known
  return {
    utilization: ratioOf(sums.busyX1000, sums.known * 1000n),
    util_lo: ratioOf(sums.busyX1000, base * 1000n),
    util_hi: ratioOf(sums.busyX1000 + unknown * 1000n, base * 1000n),
    coverage: ratioOf(sums.known, base),
  }
}

/** A mean over its own known time, with the share of the base (or capacity) that it speaks for. */
export function tierOf(sumX1000: bigint, known: bigint, whole: bigint) {
  return {
    value: ratioOf(smaller(sumX1000, known * 1000n), known * 1000n),
    // A minute that capacity covers in part is sampled for longer than it counts.
    coverage: ratioOf(smaller(known, whole), whole),
  }
}

export const activeOf = (sums: Sums) => tierOf(sums.activeX1000, sums.activeKnown, baseOf(sums))
export const effectiveOf = (sums: Sums) =>
  tierOf(sums.effectiveX1000, sums.effectiveKnown, baseOf(sums))
export const memoryOf = (sums: Sums) => tierOf(sums.memoryX1000, sums.memoryKnown, sums.capacity)

/**
 * Power that was reported, watts: energy seen over the time the group had capacity. What did not report
 * adds nothing and lowers the coverage.
 */
export function powerOf(sums: Sums) {
  const isReported = sums.powerKnown > 0n && sums.presentMs > 0
  return {
    value: isReported ? Number(sums.powerMwMs / BigInt(sums.presentMs)) / 1000 : null,
    coverage: ratioOf(smaller(sums.powerKnown, sums.capacity), sums.capacity),
  }
}

export const temperatureOf = (sums: Sums) => ({
  value: sums.temperatureMax,
  coverage: ratioOf(smaller(sums.temperatureKnown, sums.capacity), sums.capacity),
})

const deviceSeconds = (ms: bigint) => Number(ms) / 1000

/** The answer's form of a group. */
export function fleetGroup(key: Record<string, string>, devices: number, sums: Sums): FleetGroup {
  const power = powerOf(sums)
  return {
    key,
    devices,
    ...utilizationOf(sums),
    capacity_device_seconds: deviceSeconds(sums.capacity),
    base_device_seconds: deviceSeconds(baseOf(sums)),
    known_device_seconds: deviceSeconds(sums.known),
    busy_device_seconds: Number(sums.busyX1000) / 1_000_000,
    busy_sources: Object.fromEntries(
      [...(sums.bySource ?? [])]
        .sort((a, b) => a[0] - b[0])
        .map(([code, { known }]) => [BUSY_SOURCES[code] ?? `source_${code}`, deviceSeconds(known)]),
    ),
    active: activeOf(sums),
    effective: effectiveOf(sums),
    power_watts: power.value,
    power_coverage: power.coverage,
    temperature_celsius_max: sums.temperatureMax,
    memory_used: memoryOf(sums),
  }
}
