import { describe, expect, it } from 'vitest'
import { errno, memoryFs } from './memory-fs.testing.ts'
import { RECORD_OVERHEAD_BYTES } from './record.ts'
import type { SpoolAlarm } from './core.ts'
import type { SpoolOptions } from './spool.ts'
import {
  BOOT_A,
  BOOT_B,
  entry,
  fill,
  openInMemory,
  readAll,
  segmentPaths,
  seqsOf,
} from './spool.testing.ts'

const SIZE = RECORD_OVERHEAD_BYTES + 20

describe('append and read', () => {
  it('what was appended is read back, whole and in order', async () => {
    const { spool } = await openInMemory()
    const positions = [await spool.append(entry(1)), await spool.append(entry(2))]
    expect(positions).toEqual([1, 2])
    expect(await readAll(spool)).toEqual([
      { ...entry(1), position: 1, appendedAtMs: 5 },
      { ...entry(2), position: 2, appendedAtMs: 5 },
    ])
    expect(seqsOf(await spool.readFrom(2, 10))).toEqual([2])
    expect(await spool.readFrom(3, 10)).toEqual([])
    expect([spool.first(), spool.last()]).toEqual([1, 2])
  })

  it('appends that wait together share one sync and keep their order', async () => {
    const { spool, fs } = await openInMemory()
    await spool.append(entry(1))
    let syncs = 0
    fs.hook = (operation) => void (operation === 'datasync' && (syncs += 1))
    const positions = await Promise.all(
      Array.from({ length: 50 }, (_, n) => spool.append(entry(n + 2))),
    )
    expect(positions).toEqual(Array.from({ length: 50 }, (_, n) => n + 2))
    expect(syncs).toBe(1)
    expect(seqsOf(await readAll(spool))).toEqual(Array.from({ length: 51 }, (_, n) => n + 1))
  })

  it('readers see nothing that is not on disk yet', async () => {
    const { spool, fs } = await openInMemory()
    const seen: number[] = []
    fs.hook = (operation) => void (operation === 'datasync' && seen.push(spool.last()))
    await spool.append(entry(1))
    await spool.append(entry(2))
    expect(seen).toEqual([0, 1])
  })

  it('reads across segments, larger than one read chunk, a few at a time', async () => {
    const { spool } = await openInMemory(memoryFs(), { maxBytes: 64 << 20, segmentBytes: 1 << 20 })
    for (let seq = 1; seq <= 12; seq += 1) await spool.append(entry(seq, BOOT_A, 300_000))
    expect(spool.stats().segments).toBe(4)
    const seqs: number[] = []
    for (let position = 1; position <= spool.last(); position += 5)
      seqs.push(...seqsOf(await spool.readFrom(position, 5)))
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    const last = await spool.readFrom(12, 5)
    expect(last[0]?.payload).toEqual(entry(12, BOOT_A, 300_000).payload)
  })

  it('listeners hear of every append until they leave', async () => {
    const { spool } = await openInMemory()
    let heard = 0
    const leave = spool.onAppend(() => (heard += 1))
    await spool.append(entry(1))
    leave()
    await spool.append(entry(2))
    expect(heard).toBe(1)
  })

  it('a message larger than the bus takes is refused', async () => {
    const { spool } = await openInMemory()
    await expect(spool.append(entry(1, BOOT_A, (1 << 20) + 1))).rejects.toThrow(/limit/)
    await expect(spool.append({ ...entry(1), boot: 'x' })).rejects.toThrow(/boot/)
  })

  it('a closed spool takes nothing more, and what it took is there', async () => {
    const { spool, fs } = await openInMemory()
    const running = spool.append(entry(1))
    await spool.close()
    expect(await running).toBe(1)
    await expect(spool.append(entry(2))).rejects.toThrow(/closed/)
    expect(seqsOf(await readAll((await openInMemory(fs)).spool))).toEqual([1])
  })

  it('a position is never used twice, whatever the crash took back', async () => {
    const first = await openInMemory()
    await fill(first.spool, 3)
    const second = await openInMemory(first.fs.afterPowerCut(() => 0))
    expect(second.spool.id).toBe(first.spool.id)
    const position = await second.spool.append(entry(1, BOOT_B))
    expect(position).toBeGreaterThan(1 << 20)
    expect(seqsOf(await readAll(second.spool))).toEqual([1, 2, 3, 1])
  })
})

describe('release', () => {
  it('removes segments that are wholly in the store, and only those', async () => {
    const { spool, fs } = await openInMemory(memoryFs(), { segmentBytes: 2 * SIZE })
    await fill(spool, 7)
    expect(segmentPaths(fs)).toHaveLength(4)
    await spool.release({ boot: BOOT_A, seq: 3 })
    expect(seqsOf(await readAll(spool))).toEqual([3, 4, 5, 6, 7])
    expect(spool.stats().releasedPosition).toBe(3)
    await spool.release({ boot: BOOT_A, seq: 2 })
    expect(spool.stats().releasedPosition).toBe(3)
  })

  it('is remembered over a restart', async () => {
    const { spool, fs } = await openInMemory(memoryFs(), { segmentBytes: 2 * SIZE })
    await fill(spool, 5)
    await spool.release({ boot: BOOT_A, seq: 4 })
    await spool.close()
    const again = await openInMemory(fs)
    expect(again.spool.stats().releasedPosition).toBe(4)
    expect(seqsOf(await again.spool.readFrom(5, 10))).toEqual([5])
  })

  it('of one boot does not touch another', async () => {
    const { spool } = await openInMemory(memoryFs(), { segmentBytes: 2 * SIZE })
    await fill(spool, 3, BOOT_A)
    await fill(spool, 3, BOOT_B)
    await spool.release({ boot: BOOT_B, seq: 3 })
    expect(seqsOf(await readAll(spool))).toEqual([1, 2, 3, 1, 2, 3].slice(0, 4).concat([2, 3]))
    await spool.release({ boot: BOOT_A, seq: 3 })
    expect(spool.stats().releasedPosition).toBe(6)
  })

  it('a message is found again by boot and sequence', async () => {
    const { spool } = await openInMemory(memoryFs(), { segmentBytes: 2 * SIZE })
    await fill(spool, 3, BOOT_A)
    await fill(spool, 3, BOOT_B)
    expect(spool.positionOf(BOOT_A, 2)).toBe(2)
    expect(spool.positionOf(BOOT_B, 1)).toBe(4)
    expect(spool.positionOf(BOOT_B, 4)).toBeNull()
    await spool.release({ boot: BOOT_A, seq: 2 })
    expect(spool.positionOf(BOOT_A, 1)).toBe(3)
  })

  it('a spool whose records are all gone still knows its positions', async () => {
    const { spool, fs } = await openInMemory(memoryFs(), { segmentBytes: SIZE })
    await fill(spool, 3)
    await spool.release({ boot: BOOT_A, seq: 3 })
    await spool.close()
    for (const path of segmentPaths(fs)) await fs.unlink(path)
    const again = await openInMemory(fs)
    expect(await again.spool.append(entry(1, BOOT_B))).toBeGreaterThan(3)
  })
})

describe('a full spool', () => {
  it('drops its oldest segment and says exactly which batches that were', async () => {
    const options = { maxBytes: 8 * SIZE, segmentBytes: 2 * SIZE }
    const { spool, gaps } = await openInMemory(memoryFs(), options)
    await fill(spool, 9)
    expect(gaps).toEqual([
      { boot: BOOT_A, fromSeq: 1, toSeq: 2, fromMs: 1000, toMs: 2999, reason: 'spool_full' },
    ])
    expect(seqsOf(await readAll(spool))).toEqual([3, 4, 5, 6, 7, 8, 9])
    expect(spool.stats()).toMatchObject({ droppedRecords: 2, first: 3, last: 9, pendingGaps: 0 })
    expect(spool.stats().bytes).toBeLessThanOrEqual(8 * SIZE)
  })

  it('does not report what the store already has', async () => {
    const options = { maxBytes: 12 * SIZE, segmentBytes: 3 * SIZE }
    const { spool, gaps } = await openInMemory(memoryFs(), options)
    await fill(spool, 10)
    await spool.release({ boot: BOOT_A, seq: 1 })
    await spool.append(entry(11))
    await spool.append(entry(12))
    await spool.append(entry(13))
    expect(gaps).toEqual([
      { boot: BOOT_A, fromSeq: 2, toSeq: 3, fromMs: 2000, toMs: 3999, reason: 'spool_full' },
    ])
  })

  it('a loss that nobody took over is reported again after a restart', async () => {
    const options = { maxBytes: 8 * SIZE, segmentBytes: 2 * SIZE }
    const refuse = { ...options, onGap: () => Promise.reject(new Error('not now')) }
    const { spool, fs } = await openInMemory(memoryFs(), refuse)
    await fill(spool, 9)
    await spool.close()
    expect(spool.stats().pendingGaps).toBe(1)
    const again = await openInMemory(fs, options)
    expect(again.gaps.map((gap) => [gap.fromSeq, gap.toSeq])).toEqual([[1, 2]])
    await again.spool.close()
    expect((await openInMemory(again.fs, options)).gaps).toEqual([])
  })

  it('one message larger than the bound leaves only itself', async () => {
    const { spool, gaps } = await openInMemory(memoryFs(), { maxBytes: 4 * SIZE })
    await fill(spool, 3)
    await spool.append(entry(4, BOOT_A, 4 * SIZE))
    expect(seqsOf(await readAll(spool))).toEqual([4])
    expect(gaps.at(-1)?.toSeq).toBe(3)
  })
})

describe('a disk that refuses', () => {
  it('batches wait in memory, one alarm is raised, and all go to disk when it takes them', async () => {
    const alarms: SpoolAlarm[] = []
    const options = { onAlarm: (alarm: SpoolAlarm) => void alarms.push(alarm) }
    const { spool, fs } = await openInMemory(memoryFs(), options)
    await fill(spool, 2)
    fs.hook = (operation) => {
      if (operation === 'write') throw errno('ENOSPC')
    }
    for (const seq of [3, 4]) await spool.append(entry(seq))
    expect(spool.stats()).toMatchObject({ memoryRecords: 2, alarm: 'ENOSPC', diskErrors: 2 })
    expect(seqsOf(await readAll(spool))).toEqual([1, 2, 3, 4])
    fs.hook = () => undefined
    await spool.append(entry(5))
    expect(spool.stats()).toMatchObject({ memoryRecords: 0, alarm: null })
    expect(alarms.map(({ state, code }) => `${state} ${code}`)).toEqual([
      'raised ENOSPC',
      'cleared ENOSPC',
    ])
    const again = await openInMemory(fs.afterKill())
    expect(seqsOf(await readAll(again.spool))).toEqual([1, 2, 3, 4, 5])
    expect(again.gaps).toEqual([])
  })

  it('a failed sync leaves no record twice, even when the file cannot be cut', async () => {
    const { spool, fs } = await openInMemory()
    await fill(spool, 2)
    fs.hook = (operation) => {
      if (operation === 'datasync' || operation === 'truncate') throw errno('EIO')
    }
    await spool.append(entry(3))
    fs.hook = () => undefined
    await spool.append(entry(4))
    expect(seqsOf(await readAll(spool))).toEqual([1, 2, 3, 4])
    const again = await openInMemory(fs.afterKill())
    expect(seqsOf(await readAll(again.spool))).toEqual([1, 2, 3, 4])
    expect(again.gaps).toEqual([])
  })

  it('memory is bounded: the oldest go, and are reported', async () => {
    const { spool, fs, gaps } = await openInMemory(memoryFs(), { memoryBytes: 3 * SIZE })
    fs.hook = (operation) => {
      if (operation === 'open') throw errno('ENOSPC')
    }
    await fill(spool, 5)
    expect(seqsOf(await readAll(spool))).toEqual([3, 4, 5])
    expect(gaps.map((gap) => [gap.fromSeq, gap.toSeq])).toEqual([
      [1, 1],
      [2, 2],
    ])
    fs.hook = () => undefined
    await spool.append(entry(6))
    expect(seqsOf(await readAll((await openInMemory(fs.afterKill())).spool))).toEqual([3, 4, 5, 6])
  })

  it('a stop tries the disk once more and records what stays lost', async () => {
    const { spool, fs } = await openInMemory()
    fs.hook = (operation, path) => {
      if (operation === 'open' && path.endsWith('.seg')) throw errno('ENOSPC')
    }
    await fill(spool, 2)
    await spool.close()
    fs.hook = () => undefined
    const again = await openInMemory(fs)
    expect(again.gaps.map((gap) => [gap.fromSeq, gap.toSeq])).toEqual([[1, 2]])
  })

  it('a release removes segments even when the state cannot be written', async () => {
    const { spool, fs } = await openInMemory(memoryFs(), { segmentBytes: SIZE })
    await fill(spool, 3)
    fs.hook = (operation) => {
      if (operation === 'write') throw errno('ENOSPC')
    }
    await spool.release({ boot: BOOT_A, seq: 2 })
    expect(segmentPaths(fs)).toHaveLength(1)
  })
})

describe('a disk that hangs', () => {
  /** A spool whose disk stopped answering, and what lets it go on. */
  async function hanging(options: Partial<SpoolOptions> = {}) {
    const alarms: string[] = []
    const onAlarm = ({ state, code }: SpoolAlarm) => void alarms.push(`${state} ${code}`)
    const opened = await openInMemory(memoryFs(), { memoryBytes: 4 * SIZE, onAlarm, ...options })
    await fill(opened.spool, 1)
    const disk = Promise.withResolvers<void>()
    opened.fs.stall = () => disk.promise
    return { ...opened, alarms, goOn: () => disk.resolve() }
  }

  it('what waits for it is bounded: the oldest go, and exactly they are reported when it moves', async () => {
    const { spool, gaps, alarms, goOn } = await hanging()
    const inFlight = spool.append(entry(2))
    await new Promise((resolve) => setImmediate(resolve))
    const waiting = Array.from({ length: 100 }, (_, n) => spool.append(entry(n + 3)))
    const settled = Promise.allSettled(waiting)
    expect(spool.stats()).toMatchObject({ waitingRecords: 4, droppedRecords: 96 })
    expect(spool.stats().waitingBytes).toBeLessThanOrEqual(4 * SIZE)
    expect(alarms).toEqual(['raised no_answer'])
    expect(gaps).toEqual([])
    goOn()
    await inFlight
    const outcomes = (await settled).map(({ status }) => status)
    expect(outcomes.lastIndexOf('rejected')).toBe(95)
    expect(outcomes.indexOf('fulfilled')).toBe(96)
    expect(seqsOf(await readAll(spool))).toEqual([1, 2, 99, 100, 101, 102])
    await spool.close()
    expect(gaps).toEqual([
      { boot: BOOT_A, fromSeq: 3, toSeq: 98, fromMs: 3000, toMs: 98_999, reason: 'spool_full' },
    ])
    expect(alarms).toEqual(['raised no_answer', 'cleared no_answer'])
    expect(spool.stats()).toMatchObject({ waitingRecords: 0, waitingBytes: 0, appended: 6 })
  })

  it('a loss that nobody took over is reported again after a restart', async () => {
    const { spool, fs, goOn } = await hanging({ onGap: () => Promise.reject(new Error('no')) })
    void spool.append(entry(2))
    await new Promise((resolve) => setImmediate(resolve))
    const waiting = Promise.allSettled([3, 4, 5, 6, 7].map((seq) => spool.append(entry(seq))))
    goOn()
    await waiting
    await spool.close()
    const again = await openInMemory(fs.afterKill())
    expect(again.gaps.map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).toEqual([[3, 3]])
  })
})
