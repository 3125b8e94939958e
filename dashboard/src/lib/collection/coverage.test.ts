import { describe, expect, it } from 'vitest'
import { nameOf, sectionsOf, shareOf } from './coverage.ts'

const metric = (name: string, scope: 'device' | 'node' | 'link' | 'meter' = 'device') => ({
  name,
  unit: 'count',
  scope,
  label: { en: name, zh: name },
})
const group = {
  key: { source: 'npu-smi' },
  targets: 4,
  silent_targets: 1,
  devices: 32,
  metrics: {},
}
const cell = { devices: 8, targets: 1, missing: 0, vanished: 0 }

describe('the coverage matrix', () => {
  it('metrics stand under the topics of the device page, nodes, links and meters after them', () => {
    const sections = sectionsOf([
      metric('busy_ratio'),
      metric('flow_liters_per_minute', 'meter'),
      metric('load_1m', 'node'),
      metric('power_watts'),
      metric('link_up', 'link'),
    ])
    expect(
      sections.map(({ section, metrics }) => [section, metrics.map(({ name }) => name)]),
    ).toEqual([
      ['use', ['busy_ratio']],
      ['power', ['power_watts']],
      ['node', ['load_1m']],
      ['link', ['link_up']],
      ['meter', ['flow_liters_per_minute']],
    ])
  })

  it('a share is of answering targets; by model of devices; nobody is nothing, not zero', () => {
    expect(shareOf(group, cell)).toBe(0.25)
    expect(shareOf({ ...group, targets: null }, { ...cell, targets: null })).toBe(0.25)
    expect(shareOf(group, undefined)).toBeNull()
    expect(shareOf(group, { ...cell, targets: 0 })).toBeNull()
    expect(nameOf(group)).toBe('npu-smi')
  })
})
