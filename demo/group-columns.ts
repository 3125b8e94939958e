import type { NativeColumn } from '../ingest/store/native-block.ts'
import { stateColumns } from './group-states.ts'

/** The sums of a group minute that come from samples, in pairs: known time, then the sum. */
export const SUMS = [
  'known_ms',
  'busy_ms_x1000',
  'active_known_ms',
  'active_ms_x1000',
  'effective_known_ms',
  'effective_ms_x1000',
  'power_known_ms',
  'power_mw_ms',
  'memory_known_ms',
  'memory_ms_x1000',
  'temperature_known_ms',
  'temperature_mc_ms',
] as const

const TEXTS = ['cluster', 'hall', 'pool', 'vendor', 'model', 'tenant', 'class'] as const
const MINUTE_MS = 60_000

/** Dimensions of a group minute. */
export type GroupKey = Readonly<Record<(typeof TEXTS)[number], string>> & {
  readonly busySource: number
}

/** One group in the minute being added up. */
export interface GroupRow {
  readonly key: GroupKey
  devices: number
  /** In the order of SUMS; whole numbers below 2^53. */
  readonly sums: Float64Array
  /** NaN = nobody gave one. */
  temperatureMax: number
}

/** Rows of ledger_1m_group, gathered as columns. */
export interface GroupColumns {
  beginMinute(minuteMs: number): void
  /** The row of this key in the current minute. */
  group(key: GroupKey): GroupRow
  endMinute(): void
  readonly rows: number
  /** Minutes gathered since the last take, epoch ms. */
  readonly minutes: readonly number[]
  take(revision: number): { readonly columns: readonly NativeColumn[]; readonly rows: number }
}

/** `capacity`: rows between two takes at most. */
export function createGroupColumns(capacity: number): GroupColumns {
  const buckets = new Uint32Array(capacity)
  const texts = TEXTS.map((name) => ({ name, values: [] as string[] }))
  const sources = new Uint8Array(capacity)
  const devices = new Uint32Array(capacity)
  // Whole numbers below 2^53 go in as Float64 and are stored as UInt64: a BigInt for each costs more.
  const sums = SUMS.map((name) => ({ name, values: new Float64Array(capacity) }))
  const capacities = new Float64Array(capacity)
  const hottest = { values: new Float32Array(capacity), nulls: new Uint8Array(capacity) }
  const current = new Map<string, GroupRow>()
  let minutes: number[] = []
  let rows = 0

  const store = (row: GroupRow, minuteMs: number) => {
    if (rows === capacity)
      throw new RangeError(`more than ${capacity} group rows between two takes`)
    buckets[rows] = minuteMs / 1000
    for (const { name, values } of texts) values.push(row.key[name])
    sources[rows] = row.key.busySource
    devices[rows] = row.devices
    capacities[rows] = row.devices * MINUTE_MS
    sums.forEach(({ values }, sum) => {
      values[rows] = row.sums[sum] ?? 0
    })
    const isMissing = Number.isNaN(row.temperatureMax)
    hottest.values[rows] = isMissing ? 0 : row.temperatureMax
    hottest.nulls[rows] = isMissing ? 1 : 0
    rows++
  }

  return {
    beginMinute(minuteMs) {
      current.clear()
      minutes.push(minuteMs)
    },
    group(key) {
      const name = `${key.cluster}|${key.hall}|${key.pool}|${key.model}|${key.tenant}|${key.class}|${key.busySource}`
      const known = current.get(name)
      if (known !== undefined) return known
      const sumsOfRow = new Float64Array(SUMS.length)
      const row = { key, devices: 0, sums: sumsOfRow, temperatureMax: Number.NaN }
      current.set(name, row)
      return row
    },
    endMinute() {
      const minuteMs = minutes.at(-1) ?? 0
      for (const row of current.values()) if (row.devices > 0) store(row, minuteMs)
      current.clear()
    },
    get rows() {
      return rows
    },
    get minutes() {
      return minutes
    },
    take(revision) {
      const n = rows
      const zeros = new Float64Array(n)
      const sumOf = (name: (typeof SUMS)[number]) =>
        sums[SUMS.indexOf(name)]?.values.slice(0, n) ?? zeros
      const states = stateColumns({
        tenants: [...(texts[TEXTS.indexOf('tenant')]?.values ?? [])],
        capacityMs: capacities.slice(0, n),
        knownMs: sumOf('known_ms'),
        busyMsX1000: sumOf('busy_ms_x1000'),
        powerMwMs: sumOf('power_mw_ms'),
      })
      const columns: NativeColumn[] = [
        { name: 'bucket', type: 'DateTime', values: buckets.slice(0, n) },
        { name: 'revision', type: 'UInt32', values: new Uint32Array(n).fill(revision) },
        ...texts.map(({ name, values }): NativeColumn => ({
          name,
          type: 'String',
          values: values.splice(0),
        })),
        { name: 'busy_source', type: 'UInt8', values: sources.slice(0, n) },
        { name: 'devices', type: 'UInt32', values: devices.slice(0, n) },
        { name: 'capacity_ms', type: 'Float64', values: capacities.slice(0, n) },
        { name: 'verification_ms', type: 'Float64', values: zeros },
        ...sums.map(({ name, values }): NativeColumn => ({
          name,
          type: 'Float64',
          values: values.slice(0, n),
        })),
        ...states,
        {
          name: 'temperature_max',
          type: 'Nullable(Float32)',
          values: hottest.values.slice(0, n),
          nulls: hottest.nulls.slice(0, n),
        },
      ]
      rows = 0
      minutes = []
      return { columns, rows: n }
    },
  }
}
