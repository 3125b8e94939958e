import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { BATCH_LIMITS, setBit, type Batch, type BatchColumn } from '#schemas/batch.ts'
import { CURRENT_SCHEMA_ID, WIRE_SCHEMAS } from '#schemas/wire-columns.ts'
import { createBatchDecoder, decodeBatch, encodeBatch, STEPS_MS } from '#schemas/wire.ts'

const BOOT = '0123456789abcdef0123456789abcdef'
const SCHEMA = WIRE_SCHEMAS.get(CURRENT_SCHEMA_ID) ?? []
const packr = new Packr({ useRecords: false })

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

/** Column `id` with values and validity that depend on nothing but row and id. */
function column(id: number, rows: number): BatchColumn {
  const wire = SCHEMA[id]
  if (wire === undefined) throw new Error('no such column')
  const arrays = { f32: Float32Array, f64: Float64Array, u8: Uint8Array, u32: Uint32Array }
  const valid = new Uint8Array(Math.ceil(rows / 8))
  const values = new arrays[wire.type](rows)
  for (let row = 0; row < rows; row += 1) {
    if ((row * 7 + id) % 5 === 0) continue
    setBit(valid, row)
    values[row] = (row + 1) * (id + 0.5)
  }
  return { name: wire.name, valid, values }
}

const batches: fc.Arbitrary<Batch> = fc
  .record({
    cluster: name.filter((id) => /^[A-Za-z0-9]/.test(id)),
    seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    simulated: fc.boolean(),
    cell: fc.nat(30_000_000),
    stepMs: fc.constantFrom(0, ...STEPS_MS),
    ticks: fc.integer({ min: 1, max: 12 }),
    devices: fc.uniqueArray(device, { maxLength: 5, selector: (one) => one.keys[0] }),
    columnIds: fc.uniqueArray(fc.nat(SCHEMA.length - 1), { maxLength: 8 }),
    records: fc.array(record, { maxLength: 3 }),
  })
  .map(({ cell, columnIds, ...rest }) => {
    const ticks = rest.stepMs === 0 ? 0 : rest.ticks
    const rows = ticks * rest.devices.length
    const present = new Uint8Array(Math.ceil(rows / 8))
    for (let row = 0; row < rows; row += 2) setBit(present, row)
    return {
      ...rest,
      ticks,
      schemaId: CURRENT_SCHEMA_ID,
      collector: 'c-1',
      boot: BOOT,
      t0Ms: cell * 60_000,
      present,
      busySource: new Uint8Array(rows).fill(1),
      columns: columnIds.map((id) => column(id, rows)),
    }
  })

/** One fixed batch: two devices, three ticks, one column of each wire type, one record. */
function goldenBatch(): Batch {
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

/** Wraps a payload in a valid header, as a hostile sender would. */
function framed(payload: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(8 + payload.length)
  bytes.write('PLM1', 'latin1')
  bytes.writeUInt32LE(crc32(payload), 4)
  bytes.set(payload, 8)
  return bytes
}

const reasonOf = (bytes: Uint8Array) => {
  const result = decodeBatch(bytes)
  return result.ok ? 'ok' : result.reason
}

/** The golden envelope with one field replaced. */
function withField(position: number, value: unknown): Uint8Array {
  const fields: unknown[] = packr.unpack(encodeBatch(goldenBatch()).subarray(8))
  fields[position] = value
  return framed(packr.pack(fields))
}

describe('round trip', () => {
  it('any batch decodes to itself', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        expect(decodeBatch(encodeBatch(batch))).toEqual({ ok: true, batch })
      }),
    )
  })

  it('the bytes of version 1 never change', () => {
    const file = new URL('testcases/wire/batch-v1.hex', import.meta.url)
    const golden = Buffer.from(readFileSync(file, 'utf8').replaceAll(/\s/g, ''), 'hex')
    expect(Buffer.from(encodeBatch(goldenBatch())).toString('hex')).toBe(golden.toString('hex'))
    expect(decodeBatch(golden)).toEqual({ ok: true, batch: goldenBatch() })
  })

  it('bytes at an odd address of a larger buffer decode, and are not kept', () => {
    const bytes = encodeBatch(goldenBatch())
    const pool = Buffer.alloc(bytes.length + 3)
    pool.set(bytes, 3)
    const result = decodeBatch(pool.subarray(3))
    pool.fill(0)
    expect(result).toEqual({ ok: true, batch: goldenBatch() })
  })

  it('a changed device list in a new array is encoded anew', () => {
    const batch = goldenBatch()
    encodeBatch(batch)
    const moved = { ...batch, devices: batch.devices.map((one) => ({ ...one, rack: 'r2' })) }
    expect(decodeBatch(encodeBatch(moved))).toEqual({ ok: true, batch: moved })
  })
})

describe('damage', () => {
  const bytes = encodeBatch(goldenBatch())

  it('every flipped bit is refused', () => {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = bytes.slice()
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(['bad_magic', 'bad_crc']).toContain(reasonOf(damaged))
    }
  })

  it('every truncation is refused', () => {
    for (let length = 0; length < bytes.length; length += 1)
      expect(['too_short', 'bad_crc']).toContain(reasonOf(bytes.subarray(0, length)))
  })

  it('changed bytes under a right checksum never throw', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 9), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (changes) => {
          const payload = bytes.slice(8)
          for (const [position, value] of changes) payload[position] = value
          expect(typeof reasonOf(framed(payload))).toBe('string')
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('arbitrary bytes under a right checksum never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
        expect(reasonOf(framed(payload))).not.toBe('ok')
        expect(reasonOf(payload)).not.toBe('ok')
      }),
    )
  })
})

describe('hostile senders', () => {
  it.each([
    ['an array of 4 billion elements', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['a binary of 4 GB', [0xc6, 0xff, 0xff, 0xff, 0xff]],
    ['a map of 65,535 pairs', [0xde, 0xff, 0xff]],
    ['a regular expression', [0xc7, 0x01, 0x78, 0x91]],
    ['a record class', [0xd4, 0x72, 0x40]],
    ['a map with a number as key', [0x81, 0x01, 0x01]],
    ['two values', [0x90, 0x90]],
    ['500 nested arrays', Array.from({ length: 500 }, () => 0x91).concat(0xc0)],
  ])('%s is a bad envelope before anything is allocated', (_, payload) => {
    expect(reasonOf(framed(Uint8Array.from(payload)))).toBe('bad_envelope')
  })

  it('a message beyond the byte limit is not looked at', () => {
    expect(reasonOf(new Uint8Array(BATCH_LIMITS.bytes + 1))).toBe('too_large')
  })

  it.each([
    ['unknown_version', 0, 2],
    ['unknown_schema', 1, 999],
    ['bad_identity', 2, 'a.b'],
    ['bad_identity', 3, '../etc'],
    ['bad_identity', 4, 'boot'],
    ['bad_identity', 5, 0],
    ['bad_envelope', 6, 'yes'],
    ['bad_time', 7, 1_700_000_040_001],
    ['bad_time', 7, Number.NaN],
    ['bad_time', 8, 7000],
    ['bad_time', 8, 0],
    ['bad_time', 9, 1e9],
    ['bad_rows', 9, 4],
    ['bad_devices', 10, new Uint8Array(0)],
    ['bad_rows', 11, new Uint8Array(2)],
    ['bad_rows', 12, new Uint8Array(6).fill(200)],
    ['bad_columns', 13, Uint8Array.of(0, 0, 1, 2)],
    ['bad_columns', 13, Uint8Array.of(255)],
    ['bad_columns', 14, new Uint8Array(3)],
    ['bad_envelope', 14, 'text'],
    ['bad_records', 15, [{ kind: 'gap' }]],
    ['bad_records', 15, null],
  ])('%s: field %i', (reason, position, value) => {
    expect(reasonOf(withField(position, value))).toBe(reason)
  })

  it.each([
    ['a control character in a node name', { node: 'n1\u0000' }],
    ['a text beyond the limit', { model: 'x'.repeat(BATCH_LIMITS.text + 1) }],
    ['a key of no known kind', { keys: ['name:gpu'] }],
    ['no key', { keys: [] }],
    ['an empty key', { keys: ['uuid:'] }],
    ['a node without a name', { node: '' }],
    ['a share above 1', { partition: { id: '1', profile: null, share: 1.5 } }],
    [
      'too many labels',
      { labels: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [n, ''])) },
    ],
    ['a device named twice', { keys: ['mig:GPU-1/3'] }],
  ])('%s is refused', (_, change) => {
    const batch = goldenBatch()
    const [first, ...others] = batch.devices
    if (first === undefined) throw new Error('the golden batch has devices')
    const changed = { ...batch, devices: [{ ...first, ...change }, ...others] }
    expect(reasonOf(encodeBatch(changed))).toBe('bad_devices')
  })
})

describe('encoding', () => {
  it('refuses lengths that disagree with the rows', () => {
    expect(() => encodeBatch({ ...goldenBatch(), ticks: 4 })).toThrow(/rows/)
    const short = [
      { name: 'busy_ratio' as const, valid: new Uint8Array(1), values: new Float32Array(5) },
    ]
    expect(() => encodeBatch({ ...goldenBatch(), columns: short })).toThrow(/busy_ratio/)
  })

  it('refuses a column of another type than the schema says', () => {
    const wrong = [
      { name: 'busy_ratio' as const, valid: new Uint8Array(1), values: new Float64Array(6) },
    ]
    expect(() => encodeBatch({ ...goldenBatch(), columns: wrong })).toThrow(/f32/)
  })

  it('refuses a batch beyond the byte limit', () => {
    const big = { ...goldenBatch(), ticks: 30_000 }
    const rows = 60_000
    const columns = [0, 1, 2, 3, 4, 5].map((id) => column(id, rows))
    const present = new Uint8Array(rows / 8)
    const batch = { ...big, columns, present, busySource: new Uint8Array(rows) }
    expect(() => encodeBatch(batch)).toThrow(/limit 1048576/)
  })
})

describe('the device cache', () => {
  it('hands out the same list while its bytes stay the same, per collector', () => {
    const decode = createBatchDecoder()
    const devicesOf = (batch: Batch) => {
      const result = decode(encodeBatch(batch))
      return result.ok ? result.batch.devices : null
    }
    const first = devicesOf(goldenBatch())
    expect(devicesOf({ ...goldenBatch(), seq: 8 })).toBe(first)
    expect(devicesOf({ ...goldenBatch(), collector: 'c-2' })).not.toBe(first)
    const [one] = goldenBatch().devices
    if (one === undefined) throw new Error('the golden batch has devices')
    const alone = { ...goldenBatch(), devices: [one], columns: [], busySource: new Uint8Array(3) }
    expect(devicesOf({ ...alone, present: Uint8Array.of(7) })).toEqual([one])
  })

  it('forgets the collector heard of least recently', () => {
    const decode = createBatchDecoder({ maxCollectors: 2 })
    const devicesOf = (collector: string) => {
      const result = decode(encodeBatch({ ...goldenBatch(), collector }))
      return result.ok ? result.batch.devices : null
    }
    const a = devicesOf('a')
    const b = devicesOf('b')
    expect(devicesOf('a')).toBe(a)
    devicesOf('c')
    expect(devicesOf('a')).toBe(a)
    expect(devicesOf('b')).not.toBe(b)
  })
})
