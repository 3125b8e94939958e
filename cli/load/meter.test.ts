import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Publisher } from '#schemas/ports.ts'
import { sampleOf } from './bus-check.ts'
import { createAcknowledged, createLatencies, metered, newSent } from './meter.ts'

describe('latencies', () => {
  it('a quantile is within 5 % of the exact one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.1, max: 60_000, noNaN: true }), { minLength: 1 }),
        fc.constantFrom(0.5, 0.99, 1),
        (times, share) => {
          const latencies = createLatencies()
          for (const ms of times) latencies.add(ms)
          const exact = times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? 0
          const said = latencies.quantile(share) ?? 0
          expect(said).toBeGreaterThanOrEqual(exact * 0.999)
          expect(said).toBeLessThanOrEqual(exact * 1.051)
        },
      ),
    )
  })

  it('without events there is none, and one beyond all classes counts as the last', () => {
    const latencies = createLatencies()
    expect(latencies.quantile(0.5)).toBeNull()
    latencies.add(10 ** 9)
    expect(latencies.quantile(0.5)).toBeGreaterThan(100_000)
  })
})

describe('acknowledgements', () => {
  it('each sequence counts once, in whatever order and however often it is sent', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (seqs) => {
        const acknowledged = createAcknowledged()
        for (const seq of seqs) acknowledged.add(seq)
        expect(acknowledged.count()).toBe(new Set(seqs).size)
      }),
    )
  })

  it('memory is bounded when one sequence never comes', () => {
    const acknowledged = createAcknowledged()
    for (let seq = 2; seq <= 20_000; seq++) acknowledged.add(seq)
    for (let seq = 2; seq <= 20_000; seq++) acknowledged.add(seq)
    expect(acknowledged.count()).toBe(19_999)
  })

  it('a refusal is passed on, and counted apart from what was sent', async () => {
    const sent = newSent()
    let answer = async () => undefined
    const bus: Publisher = {
      publish: () => answer(),
      onWatermark: () => () => undefined,
      onResend: () => () => undefined,
      onControl: () => () => undefined,
      connected: () => true,
    }
    const acknowledged = createAcknowledged()
    const publisher = metered(bus, sent, acknowledged, () => 0)
    const message = { subject: 's', id: 'i', seq: 1, boot: 'b', payload: new Uint8Array(10) }
    await publisher.publish(message)
    answer = () => Promise.reject(new Error('full'))
    await expect(publisher.publish({ ...message, seq: 2 })).rejects.toThrow('full')
    expect(sent).toMatchObject({ messages: 1, bytes: 10, refused: 1 })
    expect(acknowledged.count()).toBe(1)
  })
})

describe('looking into a stream', () => {
  it('looks at the oldest, the newest and evenly between, each once', () => {
    expect(sampleOf(5, 5)).toEqual([5])
    expect(sampleOf(1, 4)).toEqual([1, 2, 3, 4])
    const many = sampleOf(100, 100_000, 16)
    expect(many).toHaveLength(16)
    expect([many[0], many.at(-1)]).toEqual([100, 100_000])
    expect(sampleOf(8, 7)).toEqual([])
  })
})
