import { describe, expect, it } from 'vitest'
import type { MetricDefinition } from '#schemas/metric-definition.ts'
import { DEVICE_METRICS, metricDefinition } from '#schemas/metrics.ts'
import { eventsOf, deviceOf } from '../../../testing/stub-devices.ts'
import { en } from '../i18n/en.ts'
import { chartedAs, markersOf, metricText } from './metric-chart.ts'

function metric(name: string): MetricDefinition {
  const found = metricDefinition(name)
  if (found === undefined) throw new Error(`no metric ${name}`)
  return found
}
const text = (name: string, value: number | null) =>
  metricText(metric(name), value, 'en', en.device.health).replaceAll('\u202f', ' ')

describe('a metric on the device page', () => {
  it('every counter is told as a rate a person understands', () => {
    expect(text('energy_joules_total', 611)).toBe('611 W')
    expect(text('throttle_thermal_seconds_total', 0.25)).toBe('25.0 %')
    expect(text('ecc_corrected_total', 0.01)).toBe('36')
    expect(text('scaleup_tx_bytes_total', 2e9)).toBe('2.0 GB/s')
    for (const row of DEVICE_METRICS) {
      expect(chartedAs(row).rate === null, row.name).toBe(row.kind !== 'counter')
    }
  })

  it('clock event reasons are named, in the language of the reader', () => {
    expect(text('clock_event_reasons', 0x44)).toBe('Software power cap, Hardware thermal slowdown')
    expect(text('clock_event_reasons', 0)).toBe('0x0000')
    const zh = metricText(metric('clock_event_reasons'), 0x4, 'zh', en.device.health)
    expect(zh).toBe('软件功率上限')
  })

  it('a health word is a word, and missing is a dash', () => {
    expect(text('health_code', 2)).toBe('alarm')
    expect(text('health_code', null)).toBe('—')
    expect(text('power_watts', null)).toBe('—')
  })
})

describe('markers', () => {
  it('flag faults and warnings, and leave alone what is merely told', () => {
    const now = Date.parse('2026-11-22T00:00:00Z')
    const events = eventsOf(deviceOf(0, now), now)
    expect(markersOf(events, 'en')).toHaveLength(
      events.filter(({ severity }) => severity !== 'info').length,
    )
    expect(
      markersOf(
        events.map((event) => ({ ...event, at: 'never' })),
        'en',
      ),
    ).toEqual([])
  })
})
