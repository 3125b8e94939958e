import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEVICE_METRICS, type MetricName } from '#schemas/metrics.ts'
import { bitSet, type Batch } from '#schemas/batch.ts'
import { createBatchDecoder, encodeBatch } from '#schemas/wire.ts'
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

function rowsOf(block: ReturnType<typeof joinSamples>): Row[] {
  return Array.from({ length: block.rows }, (_, index) => {
    const row: Row = {}
    for (const metric of DEVICE_METRICS) row[metric.name] = null
    for (const { name, values, nulls } of block.columns) {
      const value = values[index]
      row[name] = nulls?.[index] === 1 || typeof value === 'string' ? null : (value ?? null)
    }
    return row
  })
}

const someMetrics = [
  'busy_ratio',
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
      'busy_ratio',
    ])
  })
})
