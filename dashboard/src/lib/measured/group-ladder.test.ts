import { expect, it } from 'vitest'
import { MEASURED_FIELDS, readScope } from './scope.ts'
import { countersSheet, sourcesSheet } from './csv.ts'
import { groupSteps } from './group-ladder.ts'
import { measuredHref } from './measured-href.ts'
import { TEXTS } from './texts.ts'

const counter = (metric: string, devices: number, busy_devices = 0) => ({
  metric,
  devices,
  busy_devices,
  p10: 0.1,
  p50: 0.5,
  p90: 0.9,
})

it('counters stand from the coarsest to the finest, each with the share of devices that give it', () => {
  const steps = groupSteps({
    read_devices: 8,
    counters: [counter('tensor_active_ratio', 2), counter('gpu_util_ratio', 8, 6)],
  })
  expect(steps.map(({ metric, share, tier }) => [metric, share, tier])).toEqual([
    ['gpu_util_ratio', 1, null],
    ['tensor_active_ratio', 0.25, 'effective'],
  ])
  expect(groupSteps({ read_devices: 0, counters: [counter('aicore_ratio', 1)] })[0]?.share).toBe(
    null,
  )
})

it('a group is named in an address and read from it, nobody too', () => {
  const href = measuredHref({ tenant: '', cluster: 'east' }, { fromMs: 60_000, toMs: 120_000 })
  expect(href).toBe('/measured?tenant=&cluster=east&from=60000&to=120000')
  expect(readScope(new URLSearchParams(href.split('?')[1]))).toEqual([
    { field: 'cluster', op: 'eq', value: 'east' },
    { field: 'tenant', op: 'eq', value: '' },
  ])
  expect(readScope(new URLSearchParams('range=24h'))).toEqual([])
})

it('is saved unrounded, a row for each source and counter', () => {
  const counters = [counter('gpu_util_ratio', 3, 2)]
  expect(countersSheet({ counters, read_devices: 4 }).rows).toEqual([
    ['gpu_util_ratio', 0.1, 0.5, 0.9, 3, 4, 2],
  ])
  const source = { source: 'none', known_device_seconds: 60, share: 1, utilization: 0, devices: 1 }
  expect(sourcesSheet({ sources: [source] }).rows).toEqual([['none', 60, 1, 0, 1]])
})

it('every field has a name in both languages', () => {
  for (const { fields } of Object.values(TEXTS))
    expect(Object.keys(fields)).toEqual([...MEASURED_FIELDS])
})
