import { deflateRawSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BATCH_LIMITS } from '#schemas/batch.ts'
import { unpackBlock } from '#schemas/wire-block.ts'
import { encodeV1, framedV1 } from '#schemas/wire-v1.testing.ts'
import {
  packr,
  goldenBatch,
  sealed,
  reasonOf,
  withField,
  partsOf,
  joined,
  withHead,
  withHeader,
} from '#schemas/wire.testing.ts'
import { createBatchDecoder, encodeBatch } from '#schemas/wire.ts'

describe.each([
  ['1', encodeV1],
  ['2', encodeBatch],
])('damage, version %s', (_, encode) => {
  const bytes = encode(goldenBatch())

  it('every flipped bit is refused', () => {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = bytes.slice()
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(['bad_magic', 'bad_crc', 'unknown_version']).toContain(reasonOf(damaged))
    }
  })

  it('every truncation is refused', () => {
    for (let length = 0; length < bytes.length; length += 1)
      expect(['too_short', 'bad_crc']).toContain(reasonOf(bytes.subarray(0, length)))
  })

  it('every truncation under a right checksum is refused or a whole batch, and never throws', () => {
    for (let length = 9; length < bytes.length; length += 1)
      expect(typeof reasonOf(sealed(bytes.subarray(0, length)))).toBe('string')
  })

  it('changed bytes under a right checksum never throw', () => {
    const decode = createBatchDecoder()
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 8, max: bytes.length - 1 }), fc.nat(255)), {
          minLength: 1,
          maxLength: 6,
        }),
        (changes) => {
          const changed = bytes.slice()
          for (const [position, value] of changed.length === 0 ? [] : changes)
            changed[position] = value
          expect(typeof reasonOf(sealed(changed))).toBe('string')
          const kept = decode(sealed(changed))
          if (kept.ok) expect(() => unpackBlock(kept.batch.block)).not.toThrow()
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('arbitrary bytes under a right checksum never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
        const framed = sealed(Buffer.concat([bytes.subarray(0, 8), payload]))
        expect(reasonOf(framed)).not.toBe('ok')
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
    const bytes = Uint8Array.from(payload)
    expect(reasonOf(framedV1(bytes))).toBe('bad_envelope')
    const parts = partsOf(encodeBatch(goldenBatch()))
    expect(reasonOf(joined({ ...parts, head: bytes }))).toBe('bad_envelope')
    expect(reasonOf(joined({ ...parts, records: bytes }))).toBe('bad_records')
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
  ])('%s: field %i of version 1', (reason, position, value) => {
    expect(reasonOf(withField(position, value))).toBe(reason)
  })

  it.each([
    ['unknown_schema', 0, 999],
    ['bad_envelope', 0, 'one'],
    ['bad_identity', 1, 'a.b'],
    ['bad_identity', 2, '../etc'],
    ['bad_identity', 3, 'boot'],
    ['bad_envelope', 4, 'yes'],
    ['bad_time', 5, 7000],
    ['bad_time', 5, 0],
    ['bad_devices', 6, new Uint8Array(0)],
    ['bad_devices', 6, Uint8Array.of(1, 2, 3)],
    ['bad_envelope', 6, 'text'],
  ])('%s: field %i of the head', (reason, position, value) => {
    expect(reasonOf(withHead(position, value))).toBe(reason)
  })

  it.each<[string, (view: DataView) => void]>([
    ['unknown_version', (view) => view.setUint8(3, 0x33)],
    ['bad_identity', (view) => view.setFloat64(8, 0, true)],
    ['bad_identity', (view) => view.setFloat64(8, 1.5, true)],
    ['bad_time', (view) => view.setFloat64(16, 1_700_000_040_001, true)],
    ['bad_time', (view) => view.setFloat64(16, Number.NaN, true)],
    ['bad_time', (view) => view.setUint32(24, 0, true)],
    ['bad_rows', (view) => view.setUint32(24, 60_000, true)],
    ['bad_columns', (view) => view.setUint32(24, 5, true)],
    ['bad_columns', (view) => view.setUint8(40, 3)],
    ['bad_columns', (view) => view.setUint8(40, 255)],
    ['bad_columns', (view) => view.setUint8(41, 255)],
  ])('%s: a header of version 2 that lies', (reason, write) => {
    expect(reasonOf(withHeader(write))).toBe(reason)
  })

  it.each([
    ['a column twice', { 1: 0 }],
    ['a column of no schema', { 0: 255 }],
    ['an unknown mode', { 4: 8 }],
    ['a narrow byte column', { 6: 4 }],
    ['one value for no row', { 4: 3, 9: 0 }],
    ['a busy source of no list', { 8: 200 }],
  ])('%s is refused', (_, changes: Readonly<Record<number, number>>) => {
    const parts = partsOf(encodeBatch(goldenBatch()))
    for (const [at, value] of Object.entries(changes)) parts.block[Number(at)] = value
    expect(reasonOf(joined(parts))).toBe('bad_columns')
  })

  it('a device list that inflates beyond what a message could carry plainly is refused', () => {
    const bomb = deflateRawSync(new Uint8Array(64 << 20), { level: 9 })
    expect(bomb.length).toBeLessThan(100_000)
    expect(reasonOf(withHead(6, bomb))).toBe('bad_devices')
    const fits = deflateRawSync(packr.pack([new Uint8Array(BATCH_LIMITS.bytes)]))
    expect(reasonOf(withHead(6, fits))).toBe('bad_devices')
  })

  it('a list that its readers would refuse to inflate is not sent', () => {
    const [first] = goldenBatch().devices
    if (first === undefined) throw new Error('the golden batch has devices')
    const labels = Object.fromEntries(Array.from({ length: 32 }, (_, n) => [n, 'x'.repeat(256)]))
    const devices = Array.from({ length: 200 }, (_, n) => ({
      ...first,
      keys: [`uuid:${n}`],
      labels,
    }))
    const empty = { present: new Uint8Array(75), busySource: new Uint8Array(600), columns: [] }
    expect(() => encodeBatch({ ...goldenBatch(), ...empty, devices })).toThrow(/limit 1048576/)
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
