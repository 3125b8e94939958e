import { describe, expect, it } from 'vitest'
import { asMessage, memoryLog, newBoot, testBatch, testDevice } from './ingest.testing.ts'
import { DEFAULT_TIME_LIMITS } from './read-message.ts'
import { createShardReader } from './shard-reader.ts'

const T0 = Date.UTC(2026, 4, 1)

/** A reader whose clock only moves when the log is waited for, with messages that come at given times. */
function world(comesMs: readonly number[], ticks = 1, rowsMax = 1000) {
  const log = memoryLog()
  const boot = newBoot()
  let nowMs = 0
  const coming = comesMs.map((atMs, index) => ({ atMs, seq: index + 1 }))
  const arrive = () => {
    while (coming[0] !== undefined && coming[0].atMs <= nowMs) {
      const batch = testBatch({
        boot,
        seq: coming[0].seq,
        t0Ms: T0,
        devices: [testDevice('a')],
        cells: { busy_ratio: Array.from({ length: ticks }, () => [0.5]) },
      })
      log.add(asMessage(batch))
      coming.shift()
    }
  }
  const reader = createShardReader({
    log: {
      ...log,
      async read(from, max, waitMs) {
        const endMs = nowMs + waitMs
        arrive()
        const found = () => log.messages.filter(({ position }) => position >= from).slice(0, max)
        while (found().length === 0 && nowMs < endMs) {
          nowMs = Math.min(endMs, coming[0]?.atMs ?? endMs)
          arrive()
        }
        return found()
      },
    },
    options: { timeLimits: DEFAULT_TIME_LIMITS, rowsMax, bytesMax: 1e9, waitMs: 800 },
    clock: () => nowMs,
    signal: new AbortController().signal,
    lasting: (call) => call(),
  })
  return {
    gather: async (from: number) => {
      const reads = await reader.gather(from)
      return { count: reads.length, nowMs }
    },
    pass: (ms: number) => {
      nowMs += ms
      arrive()
    },
  }
}

describe('gathering a block', () => {
  it('waits from its first message on, and then takes what came', async () => {
    const { gather } = world([100, 300, 850, 950])
    expect(await gather(1)).toEqual({ count: 3, nowMs: 900 })
  })

  it('counts the time of an insert as waiting for what came meanwhile', async () => {
    const { gather, pass } = world([0, 900, 1200, 1500, 1700])
    expect(await gather(1)).toEqual({ count: 1, nowMs: 800 })
    pass(500)
    // Two were there at once; their wait ends 800 ms after the last block did.
    expect(await gather(2)).toEqual({ count: 3, nowMs: 1600 })
  })

  it('after a long insert takes all that is there, without waiting', async () => {
    const { gather, pass } = world([0, ...Array.from({ length: 600 }, (_, n) => 900 + n)])
    await gather(1)
    pass(5000)
    expect(await gather(2)).toEqual({ count: 600, nowMs: 5800 })
  })

  it('is not held up by a clock that went back', async () => {
    const { gather, pass } = world([0, 1000])
    expect(await gather(1)).toEqual({ count: 1, nowMs: 800 })
    pass(300)
    pass(-3_600_000)
    const { count, nowMs } = await gather(2)
    expect(count).toBe(1)
    expect(nowMs).toBeLessThanOrEqual(1100 - 3_600_000 + 800)
  })

  it('never has more rows than the store takes in one block, however large the messages are', async () => {
    const { gather } = world(
      Array.from({ length: 40 }, () => 0),
      60_000,
      200_000,
    )
    expect(await gather(1)).toEqual({ count: 17, nowMs: 0 })
    expect(await gather(18)).toMatchObject({ count: 17 })
  })

  it('ends at its rows, and answers with nothing when nothing comes', async () => {
    const { gather } = world(Array.from({ length: 3000 }, () => 0))
    const { count } = await gather(1)
    expect(count).toBeGreaterThanOrEqual(1000)
    expect(count).toBeLessThan(1000 + 256)
    expect(await world([]).gather(1)).toEqual({ count: 0, nowMs: 250 })
  })
})
