import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { lostBetween, without } from './gaps.ts'
import { errno, memoryFs, type MemoryFs } from './memory-fs.testing.ts'
import { RECORD_OVERHEAD_BYTES } from './record.ts'
import {
  BOOT_A,
  BOOT_B,
  DIRECTORY,
  entry,
  fill,
  openInMemory,
  readAll,
  segmentPaths,
  seqsOf,
} from './spool.testing.ts'

const SIZE = RECORD_OVERHEAD_BYTES + 20
const flip = (bytes: Buffer, bit: number) => {
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return bytes
}

/** A file system with a spool of `records` messages in segments of `perSegment`. */
async function spoolOnDisk(records: number, perSegment: number): Promise<MemoryFs> {
  const { spool, fs } = await openInMemory(memoryFs(), { segmentBytes: perSegment * SIZE })
  await fill(spool, records)
  await spool.close()
  return fs
}

const pathAt = (fs: MemoryFs, index: number) => segmentPaths(fs).at(index) ?? ''

describe('the last segment', () => {
  it('cut anywhere, exactly the whole records before the cut are there', async () => {
    const fs = await spoolOnDisk(4, 100)
    const bytes = fs.bytesOf(pathAt(fs, -1))
    for (let length = 0; length <= bytes.length; length += 1) {
      const cut = fs.afterKill()
      cut.replace(pathAt(cut, -1), bytes.subarray(0, length))
      const { spool, gaps } = await openInMemory(cut)
      const whole = Math.floor(length / SIZE)
      expect(seqsOf(await readAll(spool))).toEqual([1, 2, 3, 4].slice(0, whole))
      expect(gaps).toEqual([])
      expect(spool.stats().tornBytes).toBe(length % SIZE)
    }
  })

  it('with any bit flipped, exactly the records before it are there and the later ones are reported', async () => {
    const fs = await spoolOnDisk(3, 100)
    const bytes = fs.bytesOf(pathAt(fs, -1))
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = fs.afterKill()
      damaged.replace(pathAt(damaged, -1), flip(Buffer.from(bytes), bit))
      const { spool, gaps } = await openInMemory(damaged)
      const intact = Math.floor(bit / 8 / SIZE)
      expect(seqsOf(await readAll(spool))).toEqual([1, 2, 3].slice(0, intact))
      // Damage in the very last record looks like a write that a crash cut off.
      expect(gaps.map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual(
        intact === 2 ? [] : [[intact + 1, 3]],
      )
    }
  })

  it('a tail of zeros, of noise or of an older record is cut off', async () => {
    const fs = await spoolOnDisk(2, 100)
    const bytes = fs.bytesOf(pathAt(fs, -1))
    for (const tail of [Buffer.alloc(5000), Buffer.alloc(300, 'PLS1'), bytes.subarray(0, SIZE)]) {
      const longer = fs.afterKill()
      longer.replace(pathAt(longer, -1), Buffer.concat([bytes, tail]))
      const { spool } = await openInMemory(longer)
      expect(seqsOf(await readAll(spool))).toEqual([1, 2])
      expect(longer.bytesOf(pathAt(longer, -1)).length).toBe(2 * SIZE)
    }
  })
})

describe('a damaged middle segment', () => {
  it('loses only what lies behind the damage, is set aside and reported exactly', async () => {
    const fs = await spoolOnDisk(9, 3)
    const path = pathAt(fs, 1)
    fs.replace(path, flip(fs.bytesOf(path), (SIZE + 30) * 8))
    const { spool, gaps } = await openInMemory(fs)
    expect(seqsOf(await readAll(spool))).toEqual([1, 2, 3, 4, 7, 8, 9])
    expect(gaps).toEqual([
      { boot: BOOT_A, fromSeq: 5, toSeq: 6, fromMs: 4999, toMs: 7000, reason: 'spool_damaged' },
    ])
    expect(spool.stats()).toMatchObject({ damagedSegments: 1, damagedRecords: 2 })
    expect(fs.names().filter((name) => name.endsWith('.damaged'))).toHaveLength(1)
    await spool.close()
    const again = await openInMemory(fs)
    expect(again.gaps).toEqual([])
    expect(seqsOf(await readAll(again.spool))).toEqual([1, 2, 3, 4, 7, 8, 9])
  })

  it('that is gone is reported from its neighbours', async () => {
    const fs = await spoolOnDisk(9, 3)
    await fs.unlink(pathAt(fs, 1))
    const { spool, gaps } = await openInMemory(fs)
    expect(seqsOf(await readAll(spool))).toEqual([1, 2, 3, 7, 8, 9])
    expect(gaps.map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual([[4, 6]])
  })

  it('found by a reader is set aside while the spool is open', async () => {
    const { spool, fs, gaps } = await openInMemory(memoryFs(), { segmentBytes: 3 * SIZE })
    await fill(spool, 8)
    for (const index of [0, 2]) {
      const path = pathAt(fs, index)
      fs.replace(path, flip(fs.bytesOf(path), (SIZE + 30) * 8))
    }
    expect(seqsOf(await readAll(spool))).toEqual([1, 4, 5, 6, 7])
    await spool.append(entry(9))
    expect(seqsOf(await readAll(spool))).toEqual([1, 4, 5, 6, 7, 9])
    expect(gaps.map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual([
      [2, 3],
      [8, 8],
    ])
    await spool.close()
    const again = await openInMemory(fs)
    expect(again.gaps).toEqual([])
    expect(seqsOf(await readAll(again.spool))).toEqual([1, 4, 5, 6, 7, 9])
  })

  it('whose loss is already in the store reports nothing', async () => {
    const { spool, fs } = await openInMemory(memoryFs(), { segmentBytes: 3 * SIZE })
    await fill(spool, 9)
    await spool.release({ boot: BOOT_A, seq: 5 })
    await spool.close()
    const path = pathAt(fs, 0)
    fs.replace(path, flip(fs.bytesOf(path), 8))
    expect((await openInMemory(fs)).gaps.map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual([
      [6, 6],
    ])
  })

  it('never keeps more than two files set aside', async () => {
    const fs = await spoolOnDisk(12, 2)
    for (const path of segmentPaths(fs).slice(0, 5)) fs.replace(path, flip(fs.bytesOf(path), 8))
    await openInMemory(fs)
    expect(fs.names().filter((name) => name.endsWith('.damaged'))).toHaveLength(2)
  })
})

it('a state file that cannot be read starts a new life with all records still there', async () => {
  const fs = await spoolOnDisk(3, 100)
  const before = await openInMemory(fs.afterKill())
  fs.replace(`${DIRECTORY}/spool.json`, Buffer.from('{"version":1'))
  const { spool } = await openInMemory(fs)
  expect(spool.id).not.toBe(before.spool.id)
  expect(seqsOf(await readAll(spool))).toEqual([1, 2, 3])
})

it('a hole where one boot ended and another began is shared out exactly', () => {
  const meta = { kind: 'telemetry' as const, appendedAtMs: 0, fromMs: 5, toMs: 6 }
  const before = { ...meta, position: 3, boot: BOOT_A, seq: 7 }
  const after = { ...meta, position: 9, boot: BOOT_B, seq: 3, fromMs: 20 }
  expect(lostBetween({ before, after, lost: 5 })).toEqual([
    { boot: BOOT_A, fromSeq: 8, toSeq: 10, fromMs: 6, toMs: 20 },
    { boot: BOOT_B, fromSeq: 1, toSeq: 2, fromMs: 6, toMs: 20 },
  ])
})

describe('crashes at any operation', () => {
  const script = fc.record({
    actions: fc.array(
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.record({
            kind: fc.constant('append'),
            count: fc.integer({ min: 1, max: 4 }),
          }),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('release'), count: fc.nat(20) }) },
      ),
      { minLength: 1, maxLength: 15 },
    ),
    crashAt: fc.nat(80),
    torn: fc.double({ min: 0, max: 1, noNaN: true }),
    power: fc.boolean(),
  })

  it('what was acknowledged and not released is there, once, in order; nothing is made up', async () => {
    await fc.assert(
      fc.asyncProperty(script, async ({ actions, crashAt, torn, power }) => {
        const { spool, fs } = await openInMemory(memoryFs(), { segmentBytes: 3 * SIZE })
        let operations = 0
        let left: MemoryFs | null = null
        fs.hook = () => {
          operations += 1
          if (operations !== crashAt) return
          left = power ? fs.afterPowerCut((bytes) => Math.floor(bytes * torn)) : fs.afterKill()
        }
        const acknowledged: number[] = []
        let released = 0
        let seq = 0
        for (const { kind, count } of actions) {
          if (left !== null) break
          if (kind === 'release') {
            released = Math.max(released, Math.min(count, seq))
            await spool.release({ boot: BOOT_A, seq: released })
            continue
          }
          const group = Array.from({ length: count }, () => (seq += 1))
          await Promise.all(group.map((one) => spool.append(entry(one))))
          if (left === null) acknowledged.push(...group)
        }
        const { spool: after } = await openInMemory(left ?? fs.afterKill())
        const records = await readAll(after)
        const found = seqsOf(records)
        expect(found).toEqual(Array.from(found, (_, n) => (found[0] ?? 0) + n))
        for (const one of acknowledged) if (one > released) expect(found).toContain(one)
        for (const record of records) expect(record).toMatchObject(entry(record.seq))
        expect(Math.max(0, ...found)).toBeLessThanOrEqual(seq)
      }),
      { numRuns: 300 },
    )
  })
})

describe('against a plain array', () => {
  type Action = { readonly kind: 'append' | 'release' | 'reopen' | 'kill'; readonly count: number }
  const action: fc.Arbitrary<Action> = fc.record({
    kind: fc.constantFrom('append', 'append', 'append', 'release', 'reopen', 'kill'),
    count: fc.integer({ min: 1, max: 6 }),
  })

  it('any mix of appends, releases, restarts and kills holds the same records', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const options = { segmentBytes: 4 * SIZE, maxBytes: 24 * SIZE }
        let { spool, fs, gaps } = await openInMemory(memoryFs(), options)
        const held: number[] = []
        const lost: number[] = []
        let seq = 0
        for (const { kind, count } of actions) {
          if (kind === 'append')
            for (let n = 0; n < count; n += 1) {
              await spool.append(entry((seq += 1)))
              held.push(seq)
            }
          else if (kind === 'release') {
            const upTo = held[Math.min(count, held.length) - 1] ?? 0
            await spool.release({ boot: BOOT_A, seq: upTo })
            held.splice(0, held.findLastIndex((one) => one <= upTo) + 1)
          } else {
            const next = kind === 'kill' ? fs.afterKill() : fs
            if (kind === 'reopen') await spool.close()
            ;({ spool, fs, gaps } = await openInMemory(next, options))
          }
          for (const gap of gaps.splice(0))
            for (let one = gap.fromSeq; one <= gap.toSeq; one += 1) lost.push(one)
          while (lost.includes(held[0] ?? 0)) held.shift()
          const found = seqsOf(await readAll(spool))
          expect(found.slice(found.length - held.length)).toEqual(held)
          expect(found).toEqual(Array.from(found, (_, n) => (found[0] ?? 0) + n))
          expect(spool.stats().bytes).toBeLessThanOrEqual(24 * SIZE)
        }
      }),
      { numRuns: 150 },
    )
  })
})

describe('what the model test found', () => {
  it('a position that only memory held is not used again after a crash', async () => {
    const { spool, fs } = await openInMemory()
    fs.hook = (operation, path) => {
      if (operation === 'open' && path.endsWith('.seg')) throw errno('ENOSPC')
    }
    const position = await spool.append(entry(1))
    const again = await openInMemory(fs.afterKill())
    expect(await again.spool.append(entry(1, BOOT_B))).toBeGreaterThan(position)
  })

  it('an opening that wrote nothing has used its positions all the same', async () => {
    const first = await openInMemory(await spoolOnDisk(2, 100))
    first.fs.hook = (operation, path) => {
      if (operation === 'open' && path.endsWith('.seg')) throw errno('EIO')
    }
    const position = await first.spool.append(entry(1, BOOT_B))
    const second = await openInMemory(first.fs.afterKill())
    expect(await second.spool.append(entry(1, 'cc'.repeat(16)))).toBeGreaterThan(position)
  })

  it.each(['write', 'unlink'])(
    'a full spool on a disk that refuses to %s drops nothing until it can say so',
    async (refused) => {
      const options = { maxBytes: 8 * SIZE, segmentBytes: 2 * SIZE }
      const { spool, fs, gaps } = await openInMemory(memoryFs(), options)
      await fill(spool, 8)
      fs.hook = (operation, path) => {
        if (operation === refused && !path.endsWith('lock')) throw errno('ENOSPC')
      }
      await spool.append(entry(9))
      expect(seqsOf(await readAll(spool))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(gaps).toEqual([])
      fs.hook = () => undefined
      await spool.append(entry(10))
      expect(seqsOf(await readAll(spool))).toEqual([3, 4, 5, 6, 7, 8, 9, 10])
      expect(gaps.map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual([[1, 2]])
    },
  )

  it('a crash between writing a loss down and removing its records leaves records and no loss', async () => {
    const options = { maxBytes: 8 * SIZE, segmentBytes: 2 * SIZE }
    const { spool, fs } = await openInMemory(memoryFs(), options)
    await fill(spool, 8)
    const left: MemoryFs[] = []
    fs.hook = (operation) => void (operation === 'unlink' && left.push(fs.afterKill()))
    await spool.append(entry(9))
    const { spool: after, gaps } = await openInMemory(left[0], options)
    expect(seqsOf(await readAll(after))).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(gaps).toEqual([])
  })

  it('a last segment that cannot be read is set aside, not emptied', async () => {
    const fs = await spoolOnDisk(3, 100)
    const path = pathAt(fs, -1)
    const bytes = fs.bytesOf(path)
    const working = { ...fs }
    fs.readFile = (name) => (name === path ? Promise.reject(errno('EIO')) : working.readFile(name))
    const { spool } = await openInMemory(fs)
    expect(await readAll(spool)).toEqual([])
    expect(spool.stats().damagedSegments).toBe(1)
    expect(fs.bytesOf(`${path}.damaged`)).toEqual(bytes)
  })

  it('a segment that can be read at the second attempt is whole', async () => {
    const fs = await spoolOnDisk(3, 100)
    const working = { ...fs }
    let failures = 0
    fs.readFile = (name) =>
      name.endsWith('.seg') && (failures += 1) < 2
        ? Promise.reject(errno('EIO'))
        : working.readFile(name)
    const { spool, gaps } = await openInMemory(fs)
    expect(seqsOf(await readAll(spool))).toEqual([1, 2, 3])
    expect(gaps).toEqual([])
  })

  it('a write that takes nothing is a refusal, not an endless loop', async () => {
    const { spool, fs } = await openInMemory()
    const working = { ...fs }
    fs.open = async (path, flags) => {
      const file = await working.open(path, flags)
      return path.endsWith('.seg') ? { ...file, write: async () => ({ bytesWritten: 0 }) } : file
    }
    await spool.append(entry(1))
    expect(spool.stats()).toMatchObject({ alarm: 'unknown', memoryRecords: 1 })
    expect(seqsOf(await readAll(spool))).toEqual([1])
  })

  it('what is left of a loss when records of it turn up', () => {
    const gap = { boot: BOOT_A, fromSeq: 1, toSeq: 9, fromMs: 0, toMs: 9 }
    const held = (fromSeq: number, toSeq: number, boot = BOOT_A) => ({
      ...gap,
      boot,
      fromSeq,
      toSeq,
    })
    const rest = without(gap, [held(3, 4), held(8, 20), held(1, 9, BOOT_B)])
    expect(rest.map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual([
      [1, 2],
      [5, 7],
    ])
    expect(without(gap, [held(1, 9)])).toEqual([])
  })
})
