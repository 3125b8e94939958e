import { describe, expect, it } from 'vitest'
import { type Answer, newFieldMemory, observeFields } from './fields.ts'

const MINUTE = 60_000
const answer = (more: Partial<Answer> = {}): Answer => ({
  atMs: MINUTE,
  values: [{ power_watts: 70, busy_ratio: null }, { power_watts: 80 }],
  devices: 2,
  expects: ['power_watts', 'temperature_celsius'],
  toolLabels: { exporter_version: '4.8.0' },
  deviceLabels: {},
  ...more,
})
const both = [{ power_watts: 1, energy_joules_total: 5 }]
const without = [{ power_watts: 1 }]

describe('fields of a target', () => {
  it('counts the devices that gave each metric; expected and given by nobody is missing', () => {
    expect(observeFields(newFieldMemory(), answer())).toEqual({
      fields: { power_watts: 2 },
      missing: ['temperature_celsius'],
      vanished: [],
      tool: { exporter_version: '4.8.0' },
    })
  })

  it('without a readable device nothing is missing', () => {
    expect(observeFields(newFieldMemory(), answer({ values: [], devices: 0 })).missing).toEqual([])
  })

  it('a metric that came under the version before is vanished, with the time and version it was last seen', () => {
    const memory = newFieldMemory()
    observeFields(memory, answer({ values: both }))
    for (let n = 1; n <= 6; n++)
      observeFields(
        memory,
        answer({
          atMs: MINUTE + n * 10_000,
          values: without,
          toolLabels: { exporter_version: '4.9.0' },
        }),
      )
    const { vanished } = observeFields(memory, answer({ atMs: 3 * MINUTE, values: without }))
    expect(vanished).toEqual([{ metric: 'energy_joules_total', last_ms: MINUTE, version: '4.8.0' }])
  })

  it('one blank answer, or silence of all devices, makes nothing vanish; a metric that comes back is no longer vanished', () => {
    const memory = newFieldMemory()
    observeFields(memory, answer({ values: both }))
    expect(observeFields(memory, answer({ atMs: 9 * MINUTE, values: without })).vanished).toEqual(
      [],
    )
    for (let n = 0; n < 9; n++)
      expect(
        observeFields(memory, answer({ atMs: 10 * MINUTE, values: [], devices: 0 })).vanished,
      ).toEqual([])
    for (let n = 0; n < 3; n++)
      observeFields(memory, answer({ atMs: 11 * MINUTE, values: without }))
    expect(
      observeFields(memory, answer({ atMs: 11 * MINUTE, values: without })).vanished,
    ).toHaveLength(1)
    expect(observeFields(memory, answer({ atMs: 12 * MINUTE, values: both })).vanished).toEqual([])
  })
})
