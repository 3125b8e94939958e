import { afterEach, describe, expect, it } from 'vitest'
import { findProgram } from './installed.ts'
import { type Peer, type PeerProtocol, sendAll } from './peer.ts'
import { startPrometheus } from './prometheus.ts'
import type { PeerBlock } from './samples.ts'
import { startVictoriaMetrics } from './victoria-metrics.ts'

/** The encoders against the real servers: what goes in must come out, value by value. */

const T0 = Math.floor((Date.now() - 1_200_000) / 60_000) * 60_000
const TICKS = 12
const running: Peer[] = []
afterEach(async () => {
  for (const peer of running.splice(0)) await peer.stop()
})

const objects = ['GPU-a1', 'GPU-b2'].map((device) => ({
  labels: { device, node: `node-of-${device}` },
  metrics: ['plimsoll_power_watts', 'plimsoll_energy_joules_total', 'plimsoll_busy_ratio'],
}))

/** Steps of 0.001, a large counter, a ratio that is constant in one object; one value is missing. */
function block(fromTick: number, ticks: number): PeerBlock {
  const timesMs = Array.from({ length: ticks }, (_, i) => T0 + (fromTick + i) * 10_000)
  const rows = objects.map((object, o) => {
    const values = Float64Array.from({ length: ticks * 3 }, (_, position) => {
      const tick = fromTick + Math.floor(position / 3)
      if (o === 1 && tick === 3) return Number.NaN
      if (position % 3 === 0) return Math.round(300_123 + 7_777 * Math.sin(tick + o)) / 1000
      if (position % 3 === 1) return 4_123_456_789.125 + tick * 3071.375
      return o === 0 ? 0.25 : tick / 100
    })
    return { object, values }
  })
  return { timesMs, rows }
}

async function roundTrip(peer: Peer, protocol: PeerProtocol) {
  const bodies = [block(0, 1), block(1, 2), block(3, TICKS - 3)].map((each) =>
    peer.encode(protocol, each),
  )
  for (const body of bodies) await sendAll(peer, protocol, [body])
  await peer.settle()
  const endMs = T0 + TICKS * 10_000
  expect(await peer.count(T0, endMs)).toBe(2 * 3 * TICKS - 3)
  for (const [o, { object, values }] of block(0, TICKS).rows.entries())
    for (const [metric, name] of object.metrics.entries()) {
      const selector = `${name}{device="${object.labels.device}"}[${TICKS * 10_000}ms]`
      const [series] = await peer.query(selector, endMs - 1)
      const expected = Array.from({ length: TICKS }, (_, tick) => [
        T0 / 1000 + tick * 10,
        values[tick * 3 + metric],
      ]).filter((_, tick) => !(o === 1 && tick === 3))
      expect(series?.values).toEqual(expected)
    }
}

const victoria = findProgram('victoria-metrics')
const prometheus = findProgram('prometheus')

describe('VictoriaMetrics', () => {
  it.each(['influx lines', 'remote write', 'native import'] as const)(
    'gives back what was sent by %s',
    async (protocol) => {
      expect(victoria, 'victoria-metrics is not here: apt-get install victoria-metrics').not.toBe(
        null,
      )
      const peer = await startVictoriaMetrics(victoria ?? '')
      running.push(peer)
      await roundTrip(peer, protocol)
      expect((await peer.bytesOnDisk()).data).toBeGreaterThan(0)
    },
    60_000,
  )
})

describe('Prometheus', () => {
  it('gives back what was sent by remote write', async () => {
    expect(prometheus, 'prometheus is not here: apt-get install prometheus').not.toBe(null)
    const peer = await startPrometheus(prometheus ?? '')
    running.push(peer)
    await roundTrip(peer, 'remote write')
    expect((await peer.bytesOnDisk()).data).toBeGreaterThan(0)
  }, 60_000)
})
