import { describe, expect, it } from 'vitest'
import type { OutgoingMessage, Publisher } from '#schemas/ports.ts'
import type { ResendRequest, Watermark } from '#schemas/subjects.ts'
import { buildRecordBatch } from './batch-build.ts'
import { createDelivery } from './delivery.ts'
import type { LostRange } from './resend.ts'
import { memoryFs, type MemoryFs } from './spool/memory-fs.testing.ts'
import type { SpoolOptions } from './spool/spool.ts'
import { BOOT_A, BOOT_B, fill, openInMemory } from './spool/spool.testing.ts'
import { handTime, settle } from './time.testing.ts'

const identity = { cluster: 'c', collector: 'n1', boot: BOOT_B, simulated: false }

function fakePublisher() {
  const state = { taken: [] as OutgoingMessage[], refuse: false, hang: false, connected: true }
  const watermarks = new Set<(watermark: Watermark) => void>()
  const resends = new Set<(request: ResendRequest) => void>()
  const publisher: Publisher = {
    publish(message) {
      if (state.hang) return new Promise(() => undefined)
      if (state.refuse) return Promise.reject(new Error('no responders'))
      state.taken.push(message)
      return Promise.resolve()
    },
    onWatermark(handler) {
      watermarks.add(handler)
      return () => watermarks.delete(handler)
    },
    onResend(handler) {
      resends.add(handler)
      return () => resends.delete(handler)
    },
    onControl: () => () => undefined,
    connected: () => state.connected,
  }
  return {
    state,
    publisher,
    seqs: () => state.taken.map(({ seq }) => seq),
    watermark: (watermark: Watermark) => watermarks.forEach((handler) => handler(watermark)),
    resend: (request: ResendRequest) => resends.forEach((handler) => handler(request)),
  }
}

async function world(fs: MemoryFs = memoryFs(), before = 0, options: Partial<SpoolOptions> = {}) {
  const time = handTime()
  const { spool, gaps } = await openInMemory(fs, options)
  await fill(spool, before, BOOT_A)
  const bus = fakePublisher()
  const lost: LostRange[] = []
  const said: string[] = []
  const say = (message: string) => said.push(message)
  const logger = { info: say, warn: say, error: say }
  const delivery = createDelivery({
    identity,
    spool,
    publisher: bus.publisher,
    time,
    logger,
    onLost: (range) => lost.push(range),
  })
  let seq = 0
  const accept = async (count: number) => {
    for (let i = 0; i < count; i++)
      await delivery.accept(buildRecordBatch(identity, ++seq, 1000, []), 'events')
    await settle()
  }
  return { time, spool, gaps, bus, lost, said, delivery, accept }
}

describe('delivery', () => {
  it('spools first, then publishes in order under an id nobody can guess', async () => {
    const { bus, accept, delivery, spool } = await world()
    await accept(40)
    expect(bus.seqs()).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    expect(bus.state.taken[0]).toMatchObject({
      subject: 'events.v1.c.n1',
      id: `n1:${BOOT_B}:1`,
      boot: BOOT_B,
    })
    expect(spool.stats().appended).toBe(40)
    expect(delivery.stats()).toMatchObject({ published: 40, isCaughtUp: true, refused: 0 })
  })

  it('publishes what an earlier run left before its own, on the subject of its kind', async () => {
    const { bus, accept } = await world(memoryFs(), 3)
    await accept(1)
    expect(bus.state.taken.map(({ boot, seq }) => [boot, seq])).toEqual([
      [BOOT_A, 1],
      [BOOT_A, 2],
      [BOOT_A, 3],
      [BOOT_B, 1],
    ])
    expect(bus.state.taken[0]?.subject).toBe('telemetry.v1.c.n1')
  })

  it('sends the end of an earlier run again until it is stored: after it nothing comes that shows a hole', async () => {
    const { bus, time, delivery } = await world(memoryFs(), 3)
    bus.watermark({ boot: BOOT_A, seq: 2 })
    const ofEarlier = () =>
      bus.state.taken.filter(({ boot }) => boot === BOOT_A).map(({ seq }) => seq)
    await time.pass(15_000)
    expect(ofEarlier()).toEqual([1, 2, 3])
    await time.pass(15_000)
    expect(ofEarlier()).toEqual([1, 2, 3, 3])
    expect(delivery.stats().resent).toBe(1)
    bus.watermark({ boot: BOOT_A, seq: 3 })
    await time.pass(3_600_000)
    expect(ofEarlier()).toEqual([1, 2, 3, 3])
  })

  it('leaves the running boot to ingest, and sends what stays unstored ever more rarely', async () => {
    const { bus, time, accept } = await world(memoryFs(), 1)
    await accept(2)
    await time.pass(3_600_000)
    expect(bus.state.taken.filter(({ boot }) => boot === BOOT_B)).toHaveLength(2)
    expect(bus.state.taken.filter(({ boot }) => boot === BOOT_A).length).toBeLessThan(14)
  })

  it('goes on for ever while the bus refuses, more slowly, and loses and doubles nothing', async () => {
    const { bus, accept, time, delivery, said } = await world()
    bus.state.refuse = true
    await accept(30)
    await time.pass(600_000)
    const { refused } = delivery.stats()
    expect(bus.seqs()).toEqual([])
    expect(refused).toBeLessThan(2500)
    bus.state.refuse = false
    await time.pass(10_000)
    expect(bus.seqs().toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, i) => i + 1),
    )
    expect(bus.seqs().slice(16)).toEqual(Array.from({ length: 14 }, (_, i) => i + 17))
    expect(said).toHaveLength(2)
  })

  it('a publisher that never answers is taken for a refusal', async () => {
    const { bus, accept, time } = await world()
    bus.state.hang = true
    await accept(1)
    bus.state.hang = false
    await time.pass(40_000)
    expect(bus.seqs()).toEqual([1])
  })

  it('the watermark frees the spool, so a new start sends only what is not in the store', async () => {
    const fs = memoryFs()
    const first = await world(fs, 5)
    first.bus.watermark({ boot: BOOT_A, seq: 3 })
    await settle()
    await first.delivery.stop(100)
    await first.spool.close()
    const second = await world(fs)
    await settle()
    expect(second.bus.seqs()).toEqual([4, 5])
  })

  it('sends a range again when asked, from any boot it still holds', async () => {
    const { bus, accept } = await world(memoryFs(), 9)
    await accept(4)
    bus.state.taken.length = 0
    bus.resend({ boot: BOOT_A, fromSeq: 3, toSeq: 5 })
    bus.resend({ boot: BOOT_B, fromSeq: 4, toSeq: 9 })
    await settle()
    expect(bus.state.taken.map(({ boot, seq }) => [boot, seq])).toEqual([
      [BOOT_A, 3],
      [BOOT_A, 4],
      [BOOT_A, 5],
      [BOOT_B, 4],
    ])
  })

  it('what is asked for and gone is reported as exactly that range, once', async () => {
    const { bus, lost } = await world(memoryFs(), 4)
    const gone = 'cc'.repeat(16)
    for (let i = 0; i < 3; i++) {
      bus.resend({ boot: gone, fromSeq: 7, toSeq: 9 })
      bus.resend({ boot: BOOT_A, fromSeq: 3, toSeq: 6 })
      bus.resend({ boot: BOOT_A, fromSeq: 6, toSeq: 2 })
      await settle()
    }
    expect(
      lost.map(({ boot, from_seq, to_seq, reason }) => [boot, from_seq, to_seq, reason]),
    ).toEqual([
      [gone, 7, 9, 'expired'],
      [BOOT_A, 5, 6, 'expired'],
    ])
  })

  it('a batch that cannot be spooled is a counted loss of exactly that sequence', async () => {
    const { delivery, lost, spool, said } = await world()
    await spool.close()
    await delivery.accept(buildRecordBatch(identity, 1, 1000, []), 'events')
    expect(lost).toMatchObject([{ boot: BOOT_B, from_seq: 1, to_seq: 1 }])
    expect(delivery.stats().lost).toBe(1)
    expect(said).toEqual(['a batch could not be spooled'])
  })

  it('a disk that hangs costs the oldest batches, reported once and together by the spool', async () => {
    const fs = memoryFs()
    const { delivery, lost, said, gaps, spool } = await world(fs, 0, { memoryBytes: 1 })
    const disk = Promise.withResolvers<void>()
    fs.stall = () => disk.promise
    const accepting = [1, 2, 3, 4, 5].map(async (seq) => {
      // The first is being written, the last is always kept.
      await settle()
      await delivery.accept(buildRecordBatch(identity, seq, 1000, []), 'events')
    })
    await settle()
    await settle()
    disk.resolve()
    await Promise.all(accepting)
    expect(delivery.stats().lost).toBe(spool.stats().droppedRecords)
    expect(delivery.stats().lost).toBeGreaterThan(0)
    expect(gaps).toHaveLength(1)
    expect(lost).toEqual([])
    expect(said).toEqual([])
  })

  it('stop waits for the bus, but not for one that is away', async () => {
    const { bus, accept, delivery, time, spool } = await world()
    bus.state.refuse = true
    await accept(3)
    const stopped = delivery.stop(5000)
    bus.state.refuse = false
    await time.pass(1000)
    await stopped
    expect(bus.seqs()).toEqual([1, 2, 3])
    await spool.close()

    const away = await world()
    away.bus.state.refuse = true
    away.bus.state.connected = false
    await away.accept(3)
    const stoppedAway = away.delivery.stop(5000)
    await away.time.pass(1)
    await stoppedAway
    expect(away.spool.last() - away.spool.first() + 1).toBe(3)
  })
})
