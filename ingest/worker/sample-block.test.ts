import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BUSY_SOURCES, DEVICE_METRICS, type MetricName } from '#schemas/metrics.ts'
import { bitSet, type Batch } from '#schemas/batch.ts'
import { createBatchDecoder, encodeBatch } from '#schemas/wire.ts'
import { FLAG_BUSY_IS_COUNTER, OWN_BUSY_COLUMN, WHOLE_NUMBERS } from '../store/whole-numbers.ts'
import { newBoot, testBatch, testDevice, type Cells } from './ingest.testing.ts'
import { createArrayPool } from './array-pool.ts'
import { joinSamples, type SamplePart } from './sample-block.ts'
import { FLAG_CLOCK_CORRECTED } from './sample-keys.ts'

const T0 = Date.UTC(2026, 4, 1)

type Row = Record<string, bigint | number | null>

/** A batch as it was before it was encoded, and what is known of it. */
interface Given {
  readonly batch: Batch
  readonly ids: readonly bigint[]
  readonly leftOut: readonly boolean[]
  readonly shiftMs: number
  readonly position: number
}

const decode = createBatchDecoder()

/** As it comes from the wire. */
function received({ batch, ids, leftOut, shiftMs, position }: Given): SamplePart {
  const result = decode(encodeBatch(batch))
  if (!result.ok) throw new Error(result.reason)
  return {
    batch: result.batch,
    idWords: new Uint32Array(BigUint64Array.from(ids).buffer),
    leftOut: leftOut.includes(true) ? leftOut : null,
    shiftMs,
    position,
  }
}
const joined = (given: readonly Given[]) => joinSamples(given.map(received))

/** Row by row, the slow and obvious way. */
function oracle(parts: readonly Given[]): Row[] {
  return parts.flatMap(({ batch, ids, leftOut, shiftMs, position }) => {
    const rows: Row[] = []
    for (let tick = 0; tick < batch.ticks; tick += 1)
      for (const device of batch.devices.keys()) {
        const row = tick * batch.devices.length + device
        if (!bitSet(batch.present, row) || leftOut[device] === true) continue
        const values: Row = {
          ts: BigInt(batch.t0Ms + shiftMs + tick * batch.stepMs),
          device_id: ids[device] ?? 0n,
          step_ms: batch.stepMs,
          log_position: BigInt(position),
          busy_source: batch.busySource[row] ?? 0,
          flags: shiftMs === 0 ? 0 : FLAG_CLOCK_CORRECTED,
        }
        for (const metric of DEVICE_METRICS) {
          const column = batch.columns.find(({ name }) => name === metric.name)
          const value =
            column !== undefined && bitSet(column.valid, row) ? column.values[row] : undefined
          const isGood = value !== undefined && value >= metric.min && value <= metric.max
          values[metric.name] = isGood ? value : null
        }
        rows.push(values)
      }
    return rows
  })
}

/** The rows as the table gives them back: see migration 011. */
function rowsOf(block: ReturnType<typeof joinSamples>): Row[] {
  return Array.from({ length: block.rows }, (_, index) => {
    const stored: Row = {}
    for (const { name, values, nulls } of block.columns) {
      const value = values[index]
      stored[name] = nulls?.[index] === 1 || typeof value === 'string' ? null : (value ?? null)
    }
    const row: Row = {}
    for (const name of KEYS) row[name] = stored[name] ?? null
    for (const { name } of DEVICE_METRICS) row[name] = readBack(stored, name)
    const flags = Number(row['flags'])
    row['flags'] = flags & ~FLAG_BUSY_IS_COUNTER
    const isCopy = (flags & FLAG_BUSY_IS_COUNTER) !== 0
    const source = BUSY_SOURCES[Number(row['busy_source'])]
    row['busy_ratio'] = (isCopy ? row[`${source}_ratio`] : stored[OWN_BUSY_COLUMN]) ?? null
    return row
  })
}

const KEYS = ['ts', 'device_id', 'step_ms', 'log_position', 'busy_source', 'flags']

function readBack(stored: Row, name: string): bigint | number | null {
  const as = WHOLE_NUMBERS.get(name)
  if (as === undefined) return stored[name] ?? null
  const whole = stored[as.column] ?? null
  if (whole === null) return stored[as.restColumn] ?? null
  const value = Number(whole) / as.perUnit
  return as.type === 'Int32' ? Math.fround(value) : value
}

const someMetrics = [
  'busy_ratio',
  'gr_engine_active_ratio',
  'gpu_util_ratio',
  'sm_active_ratio',
  'power_watts',
  'energy_joules_total',
  'xid_code',
  'health_code',
  'clock_event_reasons',
  'memory_used_bytes',
] as const satisfies readonly MetricName[]

/** Values in and out of range, null, and rows that do not exist. */
const cell = fc.oneof(
  fc.constantFrom(undefined, null, 0, 1, Number.NaN, Number.POSITIVE_INFINITY, 4_294_967_295),
  fc.float({ min: 0, max: 1, noNaN: true }),
  fc.integer({ min: 0, max: 1_000_000 }).map((ppm) => ppm / 1e6),
)
const part = fc
  .record({
    devices: fc.integer({ min: 1, max: 5 }),
    ticks: fc.integer({ min: 1, max: 4 }),
    isWhole: fc.boolean(),
    isConstant: fc.boolean(),
    isMixed: fc.boolean(),
    shiftMs: fc.constantFrom(0, -40_000, 90_000),
    position: fc.integer({ min: 1, max: 2 ** 40 }),
    metrics: fc.subarray([...someMetrics]),
    seed: fc.infiniteStream(cell),
    ids: fc.array(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), { minLength: 5, maxLength: 5 }),
    leftOut: fc.oneof(
      fc.constant([false, false, false, false, false]),
      fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
    ),
  })
  .map(
    ({
      devices,
      ticks,
      metrics,
      seed,
      ids,
      leftOut,
      isWhole,
      isConstant,
      isMixed,
      ...rest
    }): Given => {
      const cells: Cells = {}
      for (const [n, name] of metrics.entries()) {
        const own = [...seed.take(devices * ticks)].map((value) =>
          isWhole ? (value ?? 0.25) : value,
        )
        const given = isConstant && n % 2 === 0 ? own.map(() => own[0]) : own
        cells[name] = Array.from({ length: ticks }, (_, t) =>
          given.slice(t * devices, (t + 1) * devices),
        )
      }
      const names = Array.from({ length: devices }, (_, index) => testDevice(`d${index}`))
      const plain = testBatch({ boot: newBoot(), seq: 1, t0Ms: T0, devices: names, cells })
      const busySource = plain.busySource.map((code, row) => (isMixed ? row % 3 : code))
      const batch = { ...plain, busySource }
      return { batch, ids: ids.slice(0, devices), leftOut: leftOut.slice(0, devices), ...rest }
    },
  )

describe('joining batches into one block', () => {
  it('gives the rows that a row-wise reading gives, for any mix of batches', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        expect(rowsOf(joined(parts))).toEqual(oracle(parts))
      }),
    )
  })

  it('gives the same bytes for the same messages, and no null marks where nothing is null', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        const block = joined(parts)
        // Out of memory that another block has used as well.
        const pool = createArrayPool()
        for (const other of [[...parts, ...parts], [], parts])
          joinSamples(other.map(received), pool).release()
        expect(joinSamples(parts.map(received), pool).columns).toEqual(block.columns)
        for (const { type, nulls } of block.columns) {
          expect(nulls !== undefined).toBe(type.startsWith('Nullable('))
          if (nulls !== undefined) expect(nulls.includes(1)).toBe(true)
        }
      }),
    )
  })

  it('turns implausible values into null, counts them, and leaves their neighbours alone', () => {
    const devices = [testDevice('a'), testDevice('b')]
    const cells: Cells = { busy_ratio: [[4_294_967_295, 0.5]], power_watts: [[300, Number.NaN]] }
    const batch = testBatch({ boot: newBoot(), seq: 1, t0Ms: T0, devices, cells })
    const block = joined([
      { batch, ids: [1n, 2n], leftOut: [false, false], shiftMs: 0, position: 1 },
    ])
    expect(rowsOf(block).map(({ busy_ratio, power_watts }) => [busy_ratio, power_watts])).toEqual([
      [null, 300],
      [0.5, null],
    ])
    expect(Object.fromEntries(block.rejected)).toEqual({ busy_ratio: 1, power_watts: 1 })
  })

  it('has no column for a metric that nobody sent', () => {
    const batch = testBatch({
      boot: newBoot(),
      seq: 1,
      t0Ms: T0,
      devices: [testDevice('a')],
      cells: { busy_ratio: [[0.5]] },
    })
    const block = joined([{ batch, ids: [1n], leftOut: [false], shiftMs: 0, position: 1 }])
    expect(block.columns.map(({ name }) => name)).toEqual([
      'ts',
      'device_id',
      'step_ms',
      'log_position',
      'busy_source',
      'flags',
      'busy_ratio_f32',
    ])
  })

  it('stores no busy_ratio that repeats its counter, and every one that differs', () => {
    const device = testDevice('a')
    const cells: Cells = {
      busy_ratio: [[0.5], [0.5], [null], [0.25]],
      gpu_util_ratio: [[0.5], [0.75], [0.75], [null]],
    }
    const plain = testBatch({ boot: newBoot(), seq: 1, t0Ms: T0, devices: [device], cells })
    const batch = { ...plain, busySource: plain.busySource.map(() => 2) }
    const block = joined([{ batch, ids: [1n], leftOut: [false], shiftMs: 0, position: 1 }])
    const own = block.columns.find(({ name }) => name === OWN_BUSY_COLUMN)
    expect([...(own?.nulls ?? [])]).toEqual([1, 0, 1, 0])
    expect(rowsOf(block).map(({ busy_ratio }) => busy_ratio)).toEqual([0.5, 0.5, null, 0.25])
    const copies = joined([
      {
        batch: {
          ...batch,
          columns: batch.columns.map((column) => ({
            ...column,
            valid: Uint8Array.of(3),
            values: Float32Array.of(0.5, 0.75, 0, 0),
          })),
        },
        ids: [1n],
        leftOut: [false],
        shiftMs: 0,
        position: 1,
      },
    ])
    expect(copies.columns.map(({ name }) => name)).not.toContain(OWN_BUSY_COLUMN)
    expect(rowsOf(copies).map(({ busy_ratio }) => busy_ratio)).toEqual([0.5, 0.75, null, null])
  })
})
