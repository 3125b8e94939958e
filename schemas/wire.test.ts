import { inflateRawSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Batch } from '#schemas/batch.ts'
import { unpackBlock } from '#schemas/wire-block.ts'
import { encodeV1 } from '#schemas/wire-v1.testing.ts'
import {
  packr,
  column,
  batches,
  goldenBatch,
  goldenShapes,
  partsOf,
  joined,
  goldenBytes,
} from '#schemas/wire.testing.ts'
import { createBatchDecoder, createBlockMemory, decodeBatch, encodeBatch } from '#schemas/wire.ts'

describe('round trip', () => {
  it.each([
    ['1', encodeV1],
    ['2', encodeBatch],
  ])('any batch decodes to itself, version %s', (_, encode) => {
    fc.assert(
      fc.property(batches, (batch) => {
        expect(decodeBatch(encode(batch))).toEqual({ ok: true, batch })
      }),
    )
  })

  it('a decoder that remembers gives the same batches, message after message', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(batches, fc.boolean()), { maxLength: 6 }), (given) => {
        const decode = createBatchDecoder({ maxDevices: 12 })
        const messages = [...given, ...given].map(([batch, isOld]) => ({
          batch,
          result: decode(isOld ? encodeV1(batch) : encodeBatch(batch)),
        }))
        for (const { batch, result } of messages) {
          if (!result.ok) throw new Error(result.reason)
          const { block, ...head } = result.batch
          expect({ ...head, ...unpackBlock(block) }).toEqual(batch)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('the bytes of version 1 never change', () => {
    const golden = goldenBytes('batch-v1')
    expect(Buffer.from(encodeV1(goldenBatch())).toString('hex')).toBe(
      Buffer.from(golden).toString('hex'),
    )
    expect(decodeBatch(golden)).toEqual({ ok: true, batch: goldenBatch() })
  })

  it('the bytes of version 2 never change, deflated ones apart (they are free to the library)', () => {
    const golden = goldenBytes('batch-v2')
    const batch = goldenShapes()
    expect(decodeBatch(golden)).toEqual({ ok: true, batch })
    const [old, now] = [partsOf(golden), partsOf(encodeBatch(batch))]
    for (const { header } of [old, now]) header.fill(0, 4, 8).fill(0, 32, 40)
    expect([now.header, now.block, now.records]).toEqual([old.header, old.block, old.records])
    const [oldHead, nowHead] = [packr.unpack(old.head), packr.unpack(now.head)]
    expect(nowHead.slice(0, 6)).toEqual(oldHead.slice(0, 6))
    expect(inflateRawSync(nowHead[6])).toEqual(inflateRawSync(oldHead[6]))
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
  const [one] = goldenBatch().devices
  if (one === undefined) throw new Error('the golden batch has devices')
  const alone = {
    ...goldenBatch(),
    devices: [one],
    columns: [],
    present: Uint8Array.of(7),
    busySource: new Uint8Array(3),
  }
  const devicesFrom =
    (decode: ReturnType<typeof createBatchDecoder>, encode = encodeBatch) =>
    (batch: Batch) => {
      const result = decode(encode(batch))
      return result.ok ? result.batch.devices : null
    }

  it.each([
    ['1', encodeV1],
    ['2', encodeBatch],
  ])(
    'hands out the same list while its bytes stay the same, per collector, version %s',
    (_, encode) => {
      const devicesOf = devicesFrom(createBatchDecoder(), encode)
      const first = devicesOf(goldenBatch())
      expect(devicesOf({ ...goldenBatch(), seq: 8 })).toBe(first)
      expect(devicesOf({ ...goldenBatch(), collector: 'c-2' })).not.toBe(first)
      expect(devicesOf(alone)).toEqual([one])
      // Several lists of one collector are remembered side by side.
      expect(devicesOf({ ...goldenBatch(), seq: 9 })).toBe(first)
    },
  )

  it('a head under the checksum of another one is read as what it is', () => {
    const decode = createBatchDecoder()
    const devicesOf = devicesFrom(decode)
    const first = devicesOf(goldenBatch())
    const parts = partsOf(encodeBatch(alone))
    parts.header.set(encodeBatch(goldenBatch()).subarray(36, 40), 36)
    const result = decode(joined(parts))
    expect(result.ok && result.batch.devices).toEqual([one])
    expect(devicesOf(goldenBatch())).toEqual(first)
  })

  it('forgets the list met least recently', () => {
    const devicesOf = devicesFrom(createBatchDecoder({ maxDevices: 8 }))
    const ofCollector = (collector: string) => devicesOf({ ...goldenBatch(), collector })
    const a = ofCollector('a')
    const b = ofCollector('b')
    expect(ofCollector('a')).toBe(a)
    ofCollector('c')
    expect(ofCollector('a')).toBe(a)
    expect(ofCollector('b')).not.toBe(b)
  })

  it('places batches over earlier ones only when it is told that nobody holds them', () => {
    const memory = createBlockMemory()
    const decode = createBatchDecoder({ memory })
    const read = (batch: Batch) => {
      const result = decode(encodeBatch(batch))
      if (!result.ok) throw new Error(result.reason)
      return result.batch.block
    }
    const rowsOf = (batch: Batch) => {
      const { present, busySource, columns } = batch
      return { present, busySource, columns }
    }
    memory.recycle()
    const first = read(goldenBatch())
    read(goldenShapes())
    expect(unpackBlock(first)).toEqual(rowsOf(goldenBatch()))
    memory.recycle()
    const second = read(goldenShapes())
    expect(second.memory).toBe(first.memory)
    expect(unpackBlock(second)).toEqual(rowsOf(goldenShapes()))
  })
})
