/**
 * How readings are best packed: a day of 200 devices x 20 metrics at 10 s with the shapes of public traces (bench/disk)
 * goes into a table ordered like `samples`, once per codec, as the floats that `samples` has and as the whole
 * numbers they are multiples of. Prints bytes per value of each metric and the engine's CPU per row for insert and
 * merge. `npm run bench -- codecs [--hours 24] [--devices 200]`
 */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { startTestEngine } from '../ingest/engine/engine.testing.ts'
import type { NativeColumn } from '../ingest/store/native-block.ts'
import type { Store } from '../ingest/store/store.ts'
import { metricDefinition, type MetricName } from '#schemas/metrics.ts'
import { DAY_METRICS, dayOfDevice, STEP_MS } from './disk/day.ts'
import { madeUpShapes } from './disk/shapes.ts'
import { traceShapes } from './disk/traces.ts'
import { childCpuSeconds } from './store/engine-cpu.ts'

const { values: given } = parseArgs({
  options: {
    devices: { type: 'string', default: '200' },
    hours: { type: 'string', default: '24' },
  },
})
const DEVICES = Number(given.devices)
const TICKS = (Number(given.hours) * 3_600_000) / STEP_MS
/** Ticks of one insert, and so parts that the merge joins. */
const INSERTS = 6
const SEED = 20
const FROM_MS = Date.UTC(2026, 4, 20)
/** Whole digits that a tool prints, per unit of the metric; absent = the unit itself. */
const PER_UNIT: Partial<Record<MetricName, number>> = {
  power_watts: 1e3,
  energy_joules_total: 1e3,
  sm_clock_hertz: 1e-6,
  memory_clock_hertz: 1e-6,
  memory_used_bytes: 2 ** -20,
  memory_free_bytes: 2 ** -20,
}
const perUnit = (name: MetricName) => PER_UNIT[name] ?? (name.endsWith('_ratio') ? 1e6 : 1)

type Kind = 'float' | 'whole'
const CASES: readonly { readonly kind: Kind; readonly codec: string }[] = [
  { kind: 'float', codec: 'LZ4' },
  { kind: 'float', codec: 'ZSTD(1)' },
  { kind: 'float', codec: 'ZSTD(3)' },
  { kind: 'float', codec: 'ZSTD(6)' },
  { kind: 'float', codec: 'Delta, ZSTD(1)' },
  { kind: 'float', codec: 'Gorilla, ZSTD(1)' },
  { kind: 'float', codec: 'FPC, ZSTD(1)' },
  { kind: 'whole', codec: 'ZSTD(1)' },
  { kind: 'whole', codec: 'Delta, ZSTD(1)' },
  { kind: 'whole', codec: 'T64, ZSTD(1)' },
  { kind: 'whole', codec: "Delta, T64('bit'), ZSTD(1)" },
  { kind: 'whole', codec: 'DoubleDelta, ZSTD(1)' },
]

const shapes = traceShapes(DEVICES) ?? madeUpShapes(SEED)
console.log(`${DEVICES} devices x ${TICKS} ticks x ${DAY_METRICS.length} metrics; ${shapes.origin}`)
const day = Array.from({ length: DEVICES }, (_, device) => dayOfDevice(shapes, SEED, device, TICKS))

const isDouble = (name: MetricName) => metricDefinition(name)?.wire === 'f64'
const typeOf = (name: MetricName, kind: Kind) => {
  if (kind === 'float') return isDouble(name) ? 'Float64' : 'Float32'
  return isDouble(name) || name.startsWith('pcie') ? 'Int64' : 'Int32'
}

/** One metric over some ticks, in the order in which ingest joins rows: tick by tick. */
function column(metric: number, kind: Kind, from: number, to: number): NativeColumn {
  const name = DAY_METRICS[metric] ?? 'busy_ratio'
  const value = (row: number) => {
    const tick = from + Math.floor(row / DEVICES)
    const read = day[row % DEVICES]?.[tick * DAY_METRICS.length + metric] ?? Number.NaN
    return kind === 'float' ? read : Math.round(read * perUnit(name))
  }
  const shape = { length: (to - from) * DEVICES }
  const each = (_: unknown, row: number) => value(row)
  const type = typeOf(name, kind)
  if (type === 'Float32')
    return { name, type: 'Nullable(Float32)', values: Float32Array.from(shape, each) }
  if (type === 'Float64')
    return { name, type: 'Nullable(Float64)', values: Float64Array.from(shape, each) }
  if (type === 'Int32')
    return { name, type: 'Nullable(Int32)', values: Int32Array.from(shape, each) }
  const words = BigInt64Array.from(shape, (_, row) => BigInt(value(row)))
  return { name, type: 'Nullable(Int64)', values: words }
}

function block(kind: Kind, from: number, to: number): NativeColumn[] {
  const shape = { length: (to - from) * DEVICES }
  return [
    {
      name: 'ts',
      type: "DateTime64(3, 'UTC')",
      values: Float64Array.from(
        shape,
        (_, row) => FROM_MS + (from + Math.floor(row / DEVICES)) * STEP_MS,
      ),
    },
    {
      name: 'device_id',
      type: 'UInt64',
      values: BigUint64Array.from(
        shape,
        (_, row) => (BigInt((row % DEVICES) + 1) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn,
      ),
    },
    ...DAY_METRICS.map((_, metric) => column(metric, kind, from, to)),
  ]
}

const Sizes = z.array(z.object({ column: z.string(), bytes: z.coerce.number() }))

interface Outcome {
  readonly bytes: ReadonlyMap<string, number>
  readonly insertUs: number
  readonly mergeUs: number
}

const perRow = (seconds: number) => Math.round((1e8 * seconds) / (DEVICES * TICKS)) / 100

async function pack(store: Store, kind: Kind, codec: string): Promise<Outcome> {
  const metrics = DAY_METRICS.map(
    (name) => `${name} Nullable(${typeOf(name, kind)}) CODEC(${codec})`,
  )
  await store.command(
    `CREATE TABLE packed (ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), device_id UInt64 CODEC(ZSTD(1)),
       ${metrics.join(', ')})
     ENGINE = MergeTree ORDER BY (toStartOfTenMinutes(ts), device_id, ts)
     SETTINGS non_replicated_deduplication_window = 100, min_bytes_for_wide_part = 0`,
  )
  await store.command('SYSTEM STOP MERGES packed')
  let insertS = 0
  for (let insert = 0; insert < INSERTS; insert += 1) {
    const from = Math.round((insert * TICKS) / INSERTS)
    const to = Math.round(((insert + 1) * TICKS) / INSERTS)
    const columns = block(kind, from, to)
    const before = childCpuSeconds()
    await store.insertNative('packed', columns, (to - from) * DEVICES, `packed-${insert}`)
    insertS += childCpuSeconds() - before
  }
  await store.command('SYSTEM START MERGES packed')
  const before = childCpuSeconds()
  await store.command('OPTIMIZE TABLE packed FINAL')
  const mergeS = childCpuSeconds() - before
  const sizes = Sizes.parse(
    await store.query(
      `SELECT column, sum(column_data_compressed_bytes) AS bytes FROM system.parts_columns
       WHERE active AND database = currentDatabase() AND table = 'packed' GROUP BY column`,
    ),
  )
  await store.command('DROP TABLE packed SYNC')
  return {
    bytes: new Map(sizes.map((row) => [row.column, row.bytes / (DEVICES * TICKS)])),
    insertUs: perRow(insertS),
    mergeUs: perRow(mergeS),
  }
}

const engine = await startTestEngine()
try {
  const outcomes = new Map<string, Outcome>()
  for (const { kind, codec } of CASES)
    outcomes.set(`${kind} ${codec}`, await pack(engine.store, kind, codec))
  const round = (value: number) => Math.round(1000 * value) / 1000
  const row = (pick: (outcome: Outcome) => number) =>
    Object.fromEntries([...outcomes].map(([name, outcome]) => [name, round(pick(outcome))]))
  const size = (name: string) => row(({ bytes }) => bytes.get(name) ?? Number.NaN)
  const sum = ({ bytes }: Outcome) =>
    DAY_METRICS.reduce((total, name) => total + (bytes.get(name) ?? 0), 0)
  const rows: Record<string, Record<string, number>> = {}
  for (const name of ['ts', 'device_id', ...DAY_METRICS]) rows[name] = size(name)
  rows['all metrics, bytes a row'] = row(sum)
  rows['insert, CPU us a row'] = row(({ insertUs }) => insertUs)
  rows['merge of 6 parts, CPU us a row'] = row(({ mergeUs }) => mergeUs)
  for (const kinds of [CASES.slice(0, 7), CASES.slice(7)])
    console.table(
      rows,
      kinds.map(({ kind, codec }) => `${kind} ${codec}`),
    )
} finally {
  await engine.stop()
}
