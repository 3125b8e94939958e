/**
 * What a row costs on the wire: encodes and decodes one batch of 8 devices, 10 ticks and 30 metrics, with
 * the batch codec and, beside it, as JSON by row and by column. Run: `bin/node24 bench/wire.ts`.
 */
import { parseArgs } from 'node:util'
import { bitSet, setBit, type Batch, type BatchColumn, type BatchDevice } from '#schemas/batch.ts'
import { CURRENT_SCHEMA_ID, WIRE_SCHEMAS } from '#schemas/wire-columns.ts'
import { createBatchDecoder, encodeBatch } from '#schemas/wire.ts'

const DEVICES = 8
const TICKS = 10
const METRICS = 30
const ROWS = DEVICES * TICKS

interface Format {
  readonly name: string
  readonly encode: () => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

const ARRAYS = { f32: Float32Array, f64: Float64Array, u8: Uint8Array, u32: Uint32Array }

function exampleBatch(): Batch {
  const columns = (WIRE_SCHEMAS.get(CURRENT_SCHEMA_ID) ?? []).slice(0, METRICS).map((wire, id) => {
    const values = new ARRAYS[wire.type](ROWS)
    const valid = new Uint8Array(ROWS / 8)
    for (let row = 0; row < ROWS; row += 1) {
      values[row] = Math.fround(Math.sin(row * 31 + id) * 0.5 + 0.5) * (id < 17 ? 1 : 1000)
      setBit(valid, row)
    }
    return { name: wire.name, valid, values }
  })
  return {
    schemaId: CURRENT_SCHEMA_ID,
    cluster: 'east',
    collector: 'h1-r07-n03',
    boot: '0123456789abcdef0123456789abcdef',
    seq: 123_456,
    simulated: false,
    t0Ms: 1_700_000_040_000,
    stepMs: 1000,
    ticks: TICKS,
    devices: Array.from({ length: DEVICES }, (_, index) => exampleDevice(index)),
    present: new Uint8Array(ROWS / 8).fill(255),
    busySource: new Uint8Array(ROWS).fill(1),
    columns,
    records: [],
  }
}

function exampleDevice(index: number): BatchDevice {
  return {
    keys: [
      `uuid:GPU-8a7e0c1b-91de-4a6e-b1a3-0000000000${10 + index}`,
      `serial:16520230000${index}`,
    ],
    node: 'h1-r07-n03',
    vendor: 'nvidia',
    model: 'NVIDIA H100 80GB HBM3',
    index,
    bus: `00000000:${10 + index}:00.0`,
    parent: null,
    partition: null,
    holder: {
      tenant: 'research',
      job: '118231',
      namespace: 'train',
      pod: 'llm-0',
      class: 'training',
    },
    hall: 'h1',
    rack: 'r07',
    pool: 'train',
    sources: ['dcgm-exporter'],
    labels: { driver: '570.124.06' },
  }
}

/** One object per row, as an agent that posts JSON would send it. */
function jsonRows(batch: Batch): unknown {
  return Array.from({ length: ROWS }, (_, row) => {
    const device = batch.devices[row % DEVICES]
    const values = batch.columns.map((column) => [column.name, valueOf(column, row)])
    const at_ms = batch.t0Ms + Math.floor(row / DEVICES) * batch.stepMs
    return { at_ms, key: device?.keys[0], ...Object.fromEntries(values) }
  })
}

/** The same envelope, with plain arrays. */
function jsonColumns(batch: Batch): unknown {
  const columns = batch.columns.map((column) => [
    column.name,
    Array.from(column.values, (_, row) => valueOf(column, row)),
  ])
  return { ...batch, present: [...batch.present], busySource: [...batch.busySource], columns }
}

const valueOf = (column: BatchColumn, row: number) =>
  bitSet(column.valid, row) ? (column.values[row] ?? null) : null

const json = (name: string, build: (batch: Batch) => unknown, batch: Batch): Format => ({
  name,
  encode: () => Buffer.from(JSON.stringify(build(batch))),
  decode: (bytes) =>
    JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()),
})

/** Median of `rounds` timings of `repeats` calls, microseconds per call. */
function microseconds(call: () => unknown, repeats: number, rounds = 15): number {
  const timings = Array.from({ length: rounds }, () => {
    const start = process.hrtime.bigint()
    for (let n = 0; n < repeats; n += 1) call()
    return Number(process.hrtime.bigint() - start) / 1000 / repeats
  })
  return timings.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN
}

const { values } = parseArgs({ options: { repeats: { type: 'string', default: '2000' } } })
const repeats = Number(values.repeats)
const batch = exampleBatch()
const decode = createBatchDecoder()
const formats: readonly Format[] = [
  json('JSON by row', jsonRows, batch),
  json('JSON by column', jsonColumns, batch),
  { name: 'batch codec', encode: () => encodeBatch(batch), decode },
]
console.log(
  `${DEVICES} devices x ${TICKS} ticks x ${METRICS} metrics = ${ROWS} rows; Node ${process.version}`,
)
console.log('| format | bytes | encode us | decode us | us per row, both |')
console.log('|---|---|---|---|---|')
for (const format of formats) {
  const bytes = format.encode()
  const slow = format.name.startsWith('JSON') ? Math.ceil(repeats / 20) : repeats
  const encodeUs = microseconds(format.encode, slow)
  const decodeUs = microseconds(() => format.decode(bytes), slow)
  const perRow = (encodeUs + decodeUs) / ROWS
  console.log(
    `| ${format.name} | ${bytes.length} | ${encodeUs.toFixed(1)} | ${decodeUs.toFixed(1)} | ${perRow.toFixed(2)} |`,
  )
}
