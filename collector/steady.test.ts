import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MetricName, MetricValues } from '#schemas/metrics.ts'
import type { PinChange } from './busy.ts'
import { reading } from './example-source.testing.ts'
import { createMerger } from './merge.ts'
import { T0, targetRead } from './read.testing.ts'

const STEP_MS = 30_000
const NAMES = [
  'gr_engine_active_ratio',
  'gpu_util_ratio',
  'busy_ratio',
] as const satisfies readonly MetricName[]

function newMerger() {
  const changes: PinChange[] = []
  const merger = createMerger({
    config: { cluster: 'alpha', labels: { hall: '', rack: '', pool: '' }, nodeLabels: new Map() },
    orderOf: () => 0,
    onPinChange: (_, __, change) => changes.push(change),
  })
  return { merger, changes }
}

/** What three devices show at some ticks: of each metric a value or none. */
const ticks = fc.array(
  fc.array(fc.record({ isThere: fc.boolean(), value: fc.constantFrom(0, 0.5, 1) }), {
    minLength: 9,
    maxLength: 9,
  }),
  { minLength: 1, maxLength: 40 },
)
const devices = [0, 1, 2].map((index) => reading({ keys: [`uuid:${index}`, `slot:${index}`] }))

describe('devices that are read again and again', () => {
  it('are joined as each read for itself is', () => {
    fc.assert(
      fc.property(ticks, fc.integer({ min: 0, max: 40 }), (told, back) => {
        const plain = newMerger()
        const quick = newMerger()
        let steady: ReturnType<typeof quick.merger.steady> = null
        for (const [tick, values] of told.entries()) {
          const atMs = T0 + tick * STEP_MS
          const now = devices.map((device, at) => ({
            ...device,
            metrics: metricsOf(values.slice(3 * at, 3 * at + 3)),
          }))
          const read = targetRead(atMs, now)
          const expected = plain.merger
            .accept(read)
            .rows.map((row) => [row.device, row.busySource, row.metrics.busy_ratio ?? null])
          // Between them a read may be accepted as ever.
          if (tick === back) steady = null
          const rows =
            steady?.map(({ at, device, take }) => {
              const metrics = now[at]?.metrics ?? {}
              return [device, take(metrics, atMs), metrics.busy_ratio ?? null]
            }) ??
            quick.merger
              .accept(read)
              .rows.map((row) => [row.device, row.busySource, row.metrics.busy_ratio ?? null])
          expect(rows).toEqual(expected)
          steady ??= quick.merger.steady(read)
          expect(steady).not.toBeNull()
        }
        expect(quick.changes).toEqual(plain.changes)
      }),
    )
  })

  it('are none where a device came twice, has no name, or another target speaks for it', () => {
    const steadyAfter = (...reads: Parameters<typeof targetRead>[]) => {
      const { merger } = newMerger()
      const told = reads.map((read) => targetRead(...read))
      for (const read of told) merger.accept(read)
      return told.map((read) => merger.steady(read) !== null).at(-1)
    }
    const [one] = devices
    expect(steadyAfter([T0, devices])).toBe(true)
    expect(steadyAfter([T0, [...devices, reading({ keys: ['uuid:1'] })]])).toBe(false)
    expect(steadyAfter([T0, [...devices, reading({ keys: [] })]])).toBe(false)
    expect(
      one === undefined || steadyAfter([T0, [one]], [T0, [one], { id: 'other', source: 'b' }]),
    ).toBe(false)
    // A device that is gone is no obstacle.
    expect(steadyAfter([T0, devices], [T0 + STEP_MS, devices.slice(1)])).toBe(true)
  })
})

function metricsOf(told: readonly { readonly isThere: boolean; readonly value: number }[]) {
  const metrics: MetricValues = {}
  for (const [at, name] of NAMES.entries()) {
    const { isThere, value } = told[at] ?? { isThere: false, value: 0 }
    metrics[name] = isThere ? value : null
  }
  return metrics
}
