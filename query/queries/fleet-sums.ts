import { z } from 'zod'
import { FieldPlace, FilterParams } from '../filters.ts'
import { namedQuery } from '../named-query.ts'

/** Columns of the sums, or `zero` (`nothing`) where nobody asked: unread columns cost nothing. */
export const FigureColumns = z.strictObject({
  active_known: z.enum(['active_known_ms', 'zero']),
  active: z.enum(['active_ms_x1000', 'zero']),
  effective_known: z.enum(['effective_known_ms', 'zero']),
  effective: z.enum(['effective_ms_x1000', 'zero']),
  power_known: z.enum(['power_known_ms', 'zero']),
  power: z.enum(['power_mw_ms', 'zero']),
  /** Buckets are counted where power is asked for: its mean is over the time of those with capacity. */
  power_bucket: z.enum(['bucket', 'zero']),
  memory_known: z.enum(['memory_known_ms', 'zero']),
  memory: z.enum(['memory_ms_x1000', 'zero']),
  temperature_known: z.enum(['temperature_known_ms', 'zero']),
  temperature: z.enum(['temperature_max', 'nothing']),
})
export type FigureColumns = z.infer<typeof FigureColumns>

/** Utilization needs no more than every question reads. */
export const NO_COLUMNS: FigureColumns = {
  active_known: 'zero',
  active: 'zero',
  effective_known: 'zero',
  effective: 'zero',
  power_known: 'zero',
  power: 'zero',
  power_bucket: 'zero',
  memory_known: 'zero',
  memory: 'zero',
  temperature_known: 'zero',
  temperature: 'nothing',
}

/** What is asked of every table alike. */
export const GroupingParams = z.strictObject({
  ...FilterParams.shape,
  ...FigureColumns.shape,
  k1: FieldPlace,
  k2: FieldPlace,
  k3: FieldPlace,
  k4: FieldPlace,
  t0_s: z.int(),
  /** 0 = one figure over the whole window. */
  step_s: z.int(),
  by_source: z.int(),
})
export const SettledParams = GroupingParams.extend({
  from_s: z.int(),
  to_s: z.int(),
  /** What lies between the two edges that are read; empty when from = to. */
  hole_from_s: z.int(),
  hole_to_s: z.int(),
  resolution: z.enum(['1m', '1h', '1h_node', '1d', '1d_node']),
})

export const DeviceSumsParams = SettledParams.extend({
  table: z.enum(['ledger_1m', 'ledger_1h', 'ledger_1h_node', 'ledger_1d', 'ledger_1d_node']),
  /** Starts of the local days to read; empty for the other tables. */
  days_s: z.array(z.int()),
})

/** Sums of a row by their place, as the statements list them; those of states follow (STATE_COLUMNS). */
export const SUM_FIELDS = [
  'capacity',
  'verification',
  'known',
  'busyX1000',
  'activeKnown',
  'activeX1000',
  'effectiveKnown',
  'effectiveX1000',
  'powerKnown',
  'powerMwMs',
  'memoryKnown',
  'memoryX1000',
  'temperatureKnown',
] as const
export type SumField = (typeof SUM_FIELDS)[number]

/** One group, step and busy source: sums that are divided once, at the rim. */
export interface SumsRow {
  /** The group's values in the order of `group_by`, then empty ones. */
  readonly keys: readonly string[]
  readonly slot: number
  readonly source: number
  /** By place; one that is no safe integer stands in `wide`. */
  readonly sums: readonly number[]
  /** Whole numbers that no double holds for certain, in the order of their places. */
  readonly wide: readonly string[]
  readonly max_temperature_celsius: number | null
  readonly first_bucket_s: number
  readonly last_bucket_s: number
  /** How many buckets the group has in this step, of all sources. */
  readonly buckets: number
}

/** One of provisional minutes, with its distinct devices. */
export type ProvisionalRow = SumsRow & { readonly devices: number }

const isText = (value: unknown) => typeof value === 'string'
const isWholeText = (value: unknown) => typeof value === 'string' && /^-?\d+$/.test(value)
const isWide = (value: unknown) => !Number.isSafeInteger(value)

/**
 * Whether the store's row is a SumsRow of so many sums. By hand: an answer has thousands of rows, and a schema that goes
 * by the value and copies what it read would take longer than the statement.
 */
export function isSumsRow(row: unknown, sumCount: number): boolean {
  if (typeof row !== 'object' || row === null) return false
  const { keys, slot, source, sums, wide, max_temperature_celsius: hottest }: SumsLike = row
  const { first_bucket_s, last_bucket_s, buckets }: SumsLike = row
  return (
    Array.isArray(keys) &&
    keys.every(isText) &&
    Array.isArray(sums) &&
    sums.length === sumCount &&
    sums.every(Number.isInteger) &&
    Array.isArray(wide) &&
    wide.every(isWholeText) &&
    wide.length === sums.filter(isWide).length &&
    Number.isInteger(slot) &&
    Number.isInteger(source) &&
    (hottest === null || Number.isFinite(hottest)) &&
    [first_bucket_s, last_bucket_s, buckets].every(Number.isInteger)
  )
}

/** A row nobody looked at yet. */
type SumsLike = Partial<Readonly<Record<keyof ProvisionalRow, unknown>>>

/** Rows with so many sums. */
export const sumsRow = (sumCount: number) => z.custom<SumsRow>((row) => isSumsRow(row, sumCount))
export const provisionalRow = (sumCount: number) =>
  sumsRow(sumCount).and(z.looseObject({ devices: z.int() }))

/** Published minutes by group: for questions whose fields it knows. */
export const fleetGroupSums = namedQuery({
  file: new URL('fleet-group-sums.sql', import.meta.url),
  params: SettledParams,
  row: sumsRow(SUM_FIELDS.length),
})

/** Published minutes, hours or days by device, or hours and days by node. */
export const fleetDeviceSums = namedQuery({
  file: new URL('fleet-device-sums.sql', import.meta.url),
  params: DeviceSumsParams,
  row: sumsRow(SUM_FIELDS.length),
})

/** Minutes that are not settled yet, out of raw samples. */
export const fleetProvisionalSums = namedQuery({
  file: new URL('fleet-provisional-sums.sql', import.meta.url),
  params: GroupingParams.extend({ from_ms: z.int(), to_ms: z.int() }),
  row: provisionalRow(SUM_FIELDS.length),
})

/** Distinct devices with capacity in a window, all together. */
export const capacityDeviceCount = namedQuery({
  file: new URL('capacity-device-count.sql', import.meta.url),
  params: z.strictObject({ from_ms: z.int(), to_ms: z.int() }),
  row: z.strictObject({ devices: z.int() }),
})

/** Distinct devices of one group, whose values are in the order of `group_by`. */
export interface DeviceCountRow {
  readonly keys: readonly string[]
  readonly devices: number
}
// Looked at as isSumsRow does, for the same reason.
export const deviceCountRow = z.custom<DeviceCountRow>((row) => {
  if (typeof row !== 'object' || row === null) return false
  const { keys, devices }: SumsLike = row
  return Array.isArray(keys) && keys.every(isText) && Number.isInteger(devices)
})

/** Distinct devices with capacity in a window, by group. */
export const fleetDeviceCount = namedQuery({
  file: new URL('fleet-device-count.sql', import.meta.url),
  params: z.strictObject({
    ...FilterParams.shape,
    k1: FieldPlace,
    k2: FieldPlace,
    k3: FieldPlace,
    k4: FieldPlace,
    from_ms: z.int(),
    to_ms: z.int(),
  }),
  row: deviceCountRow,
})
