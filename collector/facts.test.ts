import { describe, expect, it } from 'vitest'
import type { DeviceReading } from '#schemas/reading.ts'
import { FactRecord } from '#schemas/records.ts'
import { reading } from './example-source.testing.ts'
import { createFacts } from './facts.ts'
import { T0, targetRead } from './read.testing.ts'

function world() {
  const told: FactRecord[] = []
  const facts = createFacts((fact) => told.push(FactRecord.parse(fact)))
  let tick = T0
  const see = (
    devices: readonly DeviceReading[],
    toolLabels: Record<string, string> = {},
    outcome: 'ok' | 'failed' = 'ok',
  ) => {
    const read = targetRead((tick += 60_000), devices, { said: { toolLabels, outcome } })
    const seen = devices.map((device) => ({
      key: device.keys[0] ?? '',
      node: device.node ?? 'n1',
      reading: device,
      metrics: {},
    }))
    facts.observe(read, seen)
    return told
      .splice(0)
      .map(({ node, device_key, name, value }) => [node, device_key, name, value].join(' '))
  }
  return { see, facts }
}
const gpu = (id: number, driver: string, node: string | null = null) =>
  reading({ keys: [`uuid:${id}`], node, labels: { driver_version: driver, other: 'x' } })

describe('facts', () => {
  it('a version all devices share is one fact of the node, told once and on change', () => {
    const { see } = world()
    expect(see([gpu(1, '570'), gpu(2, '570')])).toEqual(['n1  driver_version 570'])
    for (let n = 0; n < 9; n++) expect(see([gpu(1, '570'), gpu(2, '570')])).toEqual([])
    expect(see([gpu(1, '580'), gpu(2, '580')])).toEqual(['n1  driver_version 580'])
  })

  it('devices that differ are told each, and the fact of the node ends; agreement turns it back', () => {
    const { see } = world()
    see([gpu(1, '570'), gpu(2, '570')])
    expect(see([gpu(1, '570'), gpu(2, '580')])).toEqual([
      'n1 uuid:1 driver_version 570',
      'n1 uuid:2 driver_version 580',
      'n1  driver_version ',
    ])
    expect(see([gpu(1, '580'), gpu(2, '580')])).toEqual([
      'n1  driver_version 580',
      'n1 uuid:1 driver_version ',
      'n1 uuid:2 driver_version ',
    ])
  })

  it('what the tool states is of the node; devices that state the same name are believed first', () => {
    const { see } = world()
    expect(see([gpu(1, '570')], { exporter_version: '4.8', driver_version: 'x' })).toEqual([
      'n1  driver_version 570',
      'n1  exporter_version 4.8',
    ])
  })

  it('silence, a failed read and unknown names are no change', () => {
    const { see } = world()
    see([gpu(1, '570')], { exporter_version: '4.8' })
    expect(see([], { format: 'v2' })).toEqual([])
    expect(see([], {}, 'failed')).toEqual([])
    expect(see([gpu(1, '')])).toEqual([])
  })

  it('one page of several nodes gives each its own facts', () => {
    const { see } = world()
    expect(see([gpu(1, '570', 'a'), gpu(2, '580', 'b')])).toEqual([
      'a  driver_version 570',
      'b  driver_version 580',
    ])
  })

  it('a version that flickers is told at most once a minute', () => {
    const told: FactRecord[] = []
    const facts = createFacts((fact) => told.push(fact))
    for (let n = 0; n < 120; n++) {
      const device = gpu(1, String(n % 2))
      facts.observe(targetRead(T0 + n * 1000, [device]), [
        { key: 'uuid:1', node: 'n1', reading: device, metrics: {} },
      ])
    }
    expect(told.length).toBeLessThanOrEqual(3)
  })
})
