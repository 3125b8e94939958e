import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { Packr } from 'msgpackr'
import { setBit, type Batch, type BatchColumn } from '#schemas/batch.ts'
import { CURRENT_SCHEMA_ID, WIRE_SCHEMAS } from '#schemas/wire-columns.ts'
import { encodeV1, framedV1 } from '#schemas/wire-v1.testing.ts'
import { decodeBatch, encodeBatch, STEPS_MS } from '#schemas/wire.ts'

/** Batches for the tests of the wire, and messages with something wrong in them. */

export const BOOT = '0123456789abcdef0123456789abcdef'
export const SCHEMA = WIRE_SCHEMAS.get(CURRENT_SCHEMA_ID) ?? []
export const packr = new Packr({ useRecords: false })

const word = fc.stringMatching(/^[\p{L}\p{N} _./:-]{0,40}$/u)
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/)

const device = fc.record({
  keys: fc
    .tuple(fc.constantFrom('uuid', 'vdie', 'serial', 'slot', 'mig'), fc.uuid())
    .map(([kind, id]) => [`${kind}:${id}`, `serial:${id}`]),
  node: name,
  vendor: name,
  model: word,
  index: fc.option(fc.nat(64), { nil: null }),
  bus: fc.option(word, { nil: null }),
  parent: fc.option(fc.constant('uuid:parent'), { nil: null }),
  partition: fc.option(
    fc.record({
      id: name,
      profile: fc.option(word, { nil: null }),
      share: fc.option(fc.constantFrom(0, 0.125, 1), { nil: null }),
    }),
    { nil: null },
  ),
  holder: fc.option(fc.record({ tenant: word, job: word, class: word }, { requiredKeys: [] }), {
    nil: null,
  }),
  hall: word,
  rack: word,
  pool: word,
  sources: fc.array(name, { maxLength: 2 }),
  labels: fc.dictionary(
    name.filter((key) => key !== '__proto__'),
    word,
    { maxKeys: 4, noNullPrototype: true },
  ),
})

const record = fc.record({
  kind: fc.constant('gap' as const),
  at_ms: fc.nat(),
  boot: fc.constant(BOOT),
  from_seq: fc.integer({ min: 1, max: 1e6 }),
  to_seq: fc.integer({ min: 1, max: 1e6 }),
  from_ms: fc.nat(),
  to_ms: fc.maxSafeNat().map((ms) => ms % 8e15),
  reason: fc.constantFrom('spool_full', 'spool_damaged', 'expired'),
})

/** How a column of a test is filled: every way of writing one on the wire, and mixtures of them. */
export const SHAPES = ['mixed', 'all', 'same', 'sparse same', 'whole', 'none', 'odd'] as const
type Shape = (typeof SHAPES)[number]
const ODD = [Number.NaN, -0, 0, Number.POSITIVE_INFINITY, 1 / 3, 2 ** 53, -1]

/** Column `id` with values and validity that depend on nothing but row, id and shape. */
export function column(id: number, rows: number, shape: Shape = 'mixed'): BatchColumn {
  const wire = SCHEMA[id]
  if (wire === undefined) throw new Error('no such column')
  const arrays = { f32: Float32Array, f64: Float64Array, u8: Uint8Array, u32: Uint32Array }
  const valid = new Uint8Array(Math.ceil(rows / 8))
  const values = new arrays[wire.type](rows)
  for (let row = 0; row < rows; row += 1) {
    const isGap = (row * 7 + id) % 5 === 0
    if (shape === 'none' || (isGap && (shape === 'mixed' || shape === 'sparse same'))) continue
    setBit(valid, row)
    if (shape === 'same' || shape === 'sparse same') values[row] = id + 1 / 3
    else if (shape === 'whole') values[row] = row * id
    else if (shape === 'odd') values[row] = ODD[(row + id) % ODD.length] ?? 0
    else values[row] = (row + 1) * (id + 0.5) + (shape === 'all' ? 0.1 : 0)
  }
  return { name: wire.name, valid, values }
}

export const batches: fc.Arbitrary<Batch> = fc
  .record({
    cluster: name.filter((id) => /^[A-Za-z0-9]/.test(id)),
    seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    simulated: fc.boolean(),
    cell: fc.nat(30_000_000),
    stepMs: fc.constantFrom(0, ...STEPS_MS),
    ticks: fc.integer({ min: 1, max: 12 }),
    devices: fc.uniqueArray(device, { maxLength: 5, selector: (one) => one.keys[0] }),
    columnIds: fc.uniqueArray(fc.nat(SCHEMA.length - 1), { maxLength: 8 }),
    shapes: fc.array(fc.constantFrom(...SHAPES), { minLength: 8, maxLength: 8 }),
    present: fc.constantFrom(1, 2, 3),
    busy: fc.constantFrom(1, 2),
    records: fc.array(record, { maxLength: 3 }),
  })
  .map(({ cell, columnIds, shapes, present: every, busy, ...rest }) => {
    const ticks = rest.stepMs === 0 ? 0 : rest.ticks
    const rows = ticks * rest.devices.length
    const present = new Uint8Array(Math.ceil(rows / 8))
    for (let row = 0; row < rows; row += every) setBit(present, row)
    return {
      ...rest,
      ticks,
      schemaId: CURRENT_SCHEMA_ID,
      collector: 'c-1',
      boot: BOOT,
      t0Ms: cell * 60_000,
      present,
      busySource: Uint8Array.from({ length: rows }, (_, row) => row % busy),
      columns: columnIds.map((id, n) => column(id, rows, shapes[n])),
    }
  })

/** One fixed batch: two devices, three ticks, one column of each wire type, one record. */
export function goldenBatch(): Batch {
  const rows = 6
  const ids = ['busy_ratio', 'energy_joules_total', 'health_code', 'clock_event_reasons'].map(
    (wanted) => SCHEMA.findIndex((wire) => wire.name === wanted),
  )
  const shared = { vendor: 'nvidia', bus: null, parent: null, hall: 'h1', rack: 'r1', pool: 'p' }
  const gpu = { ...shared, node: 'n1', model: 'H100', sources: ['dcgm-exporter'] }
  return {
    schemaId: 1,
    cluster: 'east',
    collector: 'c-1',
    boot: BOOT,
    seq: 7,
    simulated: true,
    t0Ms: 1_700_000_040_000,
    stepMs: 10_000,
    ticks: 3,
    devices: [
      {
        ...gpu,
        keys: ['uuid:GPU-1'],
        index: 0,
        partition: null,
        holder: { tenant: '客户', job: '17' },
        labels: { driver: '570.1' },
      },
      {
        ...gpu,
        keys: ['mig:GPU-1/3', 'uuid:MIG-3'],
        index: null,
        partition: { id: '3', profile: '1g.10gb', share: 0.125 },
        holder: null,
        labels: {},
      },
    ],
    present: Uint8Array.of(0b111111),
    busySource: new Uint8Array(rows).fill(1),
    columns: ids.map((id) => column(id, rows)),
    records: [
      {
        kind: 'gap',
        at_ms: 1_700_000_050_000,
        boot: BOOT,
        from_seq: 2,
        to_seq: 5,
        from_ms: 1_700_000_000_000,
        to_ms: 1_700_000_010_000,
        reason: 'spool_full',
      },
    ],
  }
}

/** The same with every way to write a column, rows that are missing and two busy sources. */
export function goldenShapes(): Batch {
  const rows = 6
  const ids = ['busy_ratio', 'energy_joules_total', 'health_code', 'clock_event_reasons']
  const columns = SHAPES.flatMap((shape, n) => {
    const wanted = ids[n % ids.length]
    const id = SCHEMA.findIndex((wire) => wire.name === wanted)
    const other = n < ids.length ? id : id + 1
    return [column(other, rows, shape)]
  })
  const busySource = Uint8Array.of(1, 1, 2, 1, 1, 2)
  return { ...goldenBatch(), schemaId: 2, present: Uint8Array.of(0b111101), busySource, columns }
}

/** The bytes with a right checksum, as a hostile sender would make them. */
export function sealed(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes)
  if (copy.length > 8) copy.writeUInt32LE(crc32(copy.subarray(8)), 4)
  return new Uint8Array(copy)
}

export const reasonOf = (bytes: Uint8Array) => {
  const result = decodeBatch(bytes)
  return result.ok ? 'ok' : result.reason
}

/** A version 1 message with one field replaced. */
export function withField(position: number, value: unknown): Uint8Array {
  const fields: unknown[] = packr.unpack(encodeV1(goldenBatch()).subarray(8))
  fields[position] = value
  return framedV1(packr.pack(fields))
}

/** The parts of a version 2 message, to be put together again with something else in one of them. */
export function partsOf(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blockBytes = view.getUint32(28, true)
  const headBytes = view.getUint32(32, true)
  return {
    header: bytes.slice(0, 48),
    block: bytes.slice(48, 48 + blockBytes),
    head: bytes.slice(48 + blockBytes, 48 + blockBytes + headBytes),
    records: bytes.slice(48 + blockBytes + headBytes),
  }
}
export function joined(parts: ReturnType<typeof partsOf>): Uint8Array {
  const bytes = Buffer.concat([parts.header, parts.block, parts.head, parts.records])
  bytes.writeUInt32LE(parts.block.length, 28)
  bytes.writeUInt32LE(parts.head.length, 32)
  return sealed(bytes)
}
/** A version 2 message with one field of its head replaced. */
export function withHead(position: number, value: unknown): Uint8Array {
  const parts = partsOf(encodeBatch(goldenBatch()))
  const fields: unknown[] = packr.unpack(parts.head)
  fields[position] = value
  return joined({ ...parts, head: new Uint8Array(packr.pack(fields)) })
}
/** A version 2 message with its header written over. */
export function withHeader(write: (view: DataView) => void): Uint8Array {
  const parts = partsOf(encodeBatch(goldenBatch()))
  write(new DataView(parts.header.buffer))
  return joined(parts)
}

export const goldenBytes = (name: string): Uint8Array =>
  Uint8Array.from(
    Buffer.from(
      readFileSync(new URL(`testcases/wire/${name}.hex`, import.meta.url), 'utf8').replaceAll(
        /\s/g,
        '',
      ),
      'hex',
    ),
  )
