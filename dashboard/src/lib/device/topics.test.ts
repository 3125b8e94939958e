import { describe, expect, it } from 'vitest'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { metricsOf, topicOf, TOPICS } from './topics.ts'

describe('topics of the device page', () => {
  it('every metric of the catalogue stands in exactly one', () => {
    const placed = TOPICS.flatMap((topic) => metricsOf(topic).map(({ name }) => name))
    expect(placed.toSorted()).toEqual(DEVICE_METRICS.map(({ name }) => name).toSorted())
  })

  it.each([
    ['busy_ratio', 'use'],
    ['memory_used_bytes', 'memory'],
    ['memory_temperature_celsius', 'heat'],
    ['memory_clock_hertz', 'clocks'],
    ['memory_bandwidth_active_ratio', 'use'],
    ['pcie_replay_total', 'errors'],
    ['throttle_thermal_seconds_total', 'clocks'],
  ] as const)('%s is about %s', (name, topic) => {
    expect(topicOf(name)).toBe(topic)
  })
})
