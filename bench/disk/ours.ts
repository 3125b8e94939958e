import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { BatchDevice } from '#schemas/batch.ts'
import type { MetricName } from '#schemas/metrics.ts'
import { buildBatch } from '../../collector/batch-build.ts'
import type { DeviceRow } from '../../collector/merge.ts'
import type { TestEngine } from '../../ingest/engine/engine.testing.ts'
import { type Pipeline, startPipeline } from '../../ingest/pipeline.testing.ts'
import { asMessage } from '../../ingest/worker/ingest.testing.ts'
import { DAY_METRICS, STEP_MS } from './day.ts'

/** Values of all devices over the day, as day.ts makes them. */
export interface Day {
  readonly fromMs: number
  readonly ticks: number
  readonly devices: readonly Float64Array[]
}

export interface TableSize {
  readonly table: string
  readonly rows: number
  readonly bytes: number
}

export interface ColumnSize {
  readonly table: string
  readonly column: string
  readonly bytes: number
  /** Marks and whatever else finds values, bytes. */
  readonly markBytes: number
  readonly uncompressedBytes: number
}

export interface OurDisk {
  readonly samples: number
  readonly tables: readonly TableSize[]
  readonly columns: readonly ColumnSize[]
}

/** Position in BUSY_SOURCES of gr_engine_active. */
const BUSY_SOURCE = 1
const IDENTITY = {
  cluster: 'bench',
  collector: 'bench-01',
  boot: randomBytes(16).toString('hex'),
  simulated: true,
}
const DELAY_MS = 20_000

/**
 * Puts a day through ingest itself, over a log in memory and a real engine: one message a tick, one insert per
 * `minutesPerInsert`, minutes settled as they close. Everything is merged before it is measured.
 */
export async function storeOurDay(
  engine: TestEngine,
  day: Day,
  options: { readonly minutesPerInsert: number; readonly progress: (tick: number) => void },
): Promise<OurDisk> {
  const pipeline = await startPipeline(engine, day.fromMs)
  try {
    const devices = day.devices.map((_, position) => deviceAt(position))
    const ticksPerInsert = (options.minutesPerInsert * 60_000) / STEP_MS
    for (let tick = 0; tick < day.ticks; tick += ticksPerInsert) {
      const end = Math.min(day.ticks, tick + ticksPerInsert)
      for (let each = tick; each < end; each++)
        pipeline.handle.log.add(asMessage(messageAt(day, devices, each)))
      await pipeline.drained()
      // The log in memory looks at all it holds; what is stored can go.
      pipeline.handle.log.messages.splice(0, pipeline.handle.log.messages.length - 1)
      await settleBehind(pipeline, day.fromMs + end * STEP_MS)
      options.progress(end)
    }
    return await measure(pipeline)
  } finally {
    await pipeline.stop()
  }
}

/** Lets the clock pass the end of what is stored, so that its minutes close; the first ones wait for capacity. */
async function settleBehind(pipeline: Pipeline, untilMs: number): Promise<void> {
  const closedMs = Math.floor(untilMs / 60_000) * 60_000
  pipeline.clock.nowMs = closedMs + DELAY_MS
  if (pipeline.ingest.status().settled_until_ms !== null)
    await pipeline.settledUntil(closedMs + DELAY_MS, closedMs)
}

function messageAt(day: Day, devices: readonly BatchDevice[], tick: number) {
  const tickMs = day.fromMs + tick * STEP_MS
  const rows = devices.map((device, position) => {
    const values = day.devices[position] ?? new Float64Array()
    const metrics: Partial<Record<MetricName, number | null>> = {}
    DAY_METRICS.forEach((name, metric) => {
      metrics[name] = values[tick * DAY_METRICS.length + metric] ?? null
    })
    // The collector's own choice of what busy is taken from.
    metrics.busy_ratio = metrics.gr_engine_active_ratio ?? null
    const row: DeviceRow = { device, tickMs, stepMs: STEP_MS, metrics, busySource: BUSY_SOURCE }
    return new Map([[tickMs, row]])
  })
  return buildBatch(IDENTITY, tick + 1, { stepMs: STEP_MS, devices, rows }, [])
}

function deviceAt(position: number): BatchDevice {
  const index = position % 8
  const node = `node-${Math.floor(position / 8) + 1}`
  return {
    keys: [`uuid:GPU-${position.toString(16).padStart(32, '0')}`],
    node,
    vendor: 'nvidia',
    model: 'NVIDIA A100-SXM4-80GB',
    index,
    bus: `0000:${(0x18 + index * 9).toString(16)}:00.0`,
    parent: null,
    partition: null,
    holder: null,
    hall: 'hall-1',
    rack: `rack-${Math.floor(position / 32) + 1}`,
    pool: 'training',
    sources: ['dcgm-exporter'],
    labels: {},
  }
}

const integer = z.coerce.number().int()
const Named = z.object({ name: z.string() })
const TableRow = z.object({ table: z.string(), row_count: integer, bytes: integer })
const ColumnRow = z.object({
  table: z.string(),
  column: z.string(),
  bytes: integer,
  mark_bytes: integer,
  uncompressed_bytes: integer,
})

async function measure({ store }: Pipeline): Promise<OurDisk> {
  const named = z
    .array(Named)
    .parse(
      await store.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'",
      ),
    )
  for (const { name } of named) await store.command(`OPTIMIZE TABLE ${name} FINAL`)
  const counts = DAY_METRICS.map((name) => `count(${name})`).join(' + ')
  const [counted] = z
    .array(z.object({ samples: integer }))
    .parse(await store.query(`SELECT ${counts} AS samples FROM samples`))
  const tables = z.array(TableRow).parse(
    await store.query(
      `SELECT table, sum(rows) AS row_count, sum(bytes_on_disk) AS bytes FROM system.parts
       WHERE active AND database = currentDatabase() GROUP BY table ORDER BY bytes DESC`,
    ),
  )
  const columns = z.array(ColumnRow).parse(
    await store.query(
      `SELECT table, column, sum(column_data_compressed_bytes) AS bytes, sum(column_marks_bytes) AS mark_bytes,
         sum(column_data_uncompressed_bytes) AS uncompressed_bytes FROM system.parts_columns
       WHERE active AND database = currentDatabase() GROUP BY table, column ORDER BY bytes DESC`,
      {},
      { maxResultRows: 10_000 },
    ),
  )
  return {
    samples: counted?.samples ?? 0,
    tables: tables.map(({ table, row_count, bytes }) => ({ table, rows: row_count, bytes })),
    columns: columns.map(({ table, column, bytes, mark_bytes, uncompressed_bytes }) => ({
      table,
      column,
      bytes,
      markBytes: mark_bytes,
      uncompressedBytes: uncompressed_bytes,
    })),
  }
}
