import { expect, it } from 'vitest'
import type { CapacityRow, ModelInventory } from '#schemas/api-inventory.ts'
import { daysIn, devicesHref, onlyDrift, rateScale, totalsOf, versionRows } from './figures.ts'

const ROW: CapacityRow = {
  vendor: 'nvidia',
  model: 'H100 SXM5 80GB',
  hall: 'h1',
  pool: '',
  accepted: 8,
  waiting: 1,
  retired: 0,
  pending: 0,
  never_seen: 2,
  unlisted: 0,
  never_seen_nodes: 'n1',
  unlisted_nodes: '',
}
const rate = (per_thousand: number | null, high: number | null) => ({
  faults: 1,
  faulty_devices: 1,
  device_days: 100,
  per_thousand,
  low: 0,
  high,
})
const MODEL: ModelInventory = {
  vendor: 'nvidia',
  model: 'H100',
  devices: 10,
  rate: rate(2, 6),
  versions: [
    { name: 'cuda_version', told: 10, drifted: 0, values: [] },
    {
      name: 'driver_version',
      told: 10,
      drifted: 2,
      values: [
        {
          value: '570',
          devices: 8,
          is_majority: true,
          nodes: '',
          rate: rate(8, 300),
          is_worse: false,
        },
      ],
    },
  ],
}

it('leads to the devices of a row, and sums what stands there', () => {
  expect(devicesHref(ROW)).toBe('/devices?model=H100+SXM5+80GB&hall=h1')
  expect(totalsOf([ROW, ROW])).toMatchObject({ accepted: 16, waiting: 2, never_seen: 4 })
})

it('keeps what is not alike, draws rates on one scale, writes every version', () => {
  expect(onlyDrift([MODEL])[0]?.versions.map(({ name }) => name)).toEqual(['driver_version'])
  expect(onlyDrift([{ ...MODEL, versions: MODEL.versions.slice(0, 1) }])).toEqual([])
  expect(rateScale(MODEL)).toBe(12)
  expect(rateScale({ ...MODEL, rate: rate(null, null), versions: [] })).toBe(1)
  expect(versionRows({ models: [MODEL] })).toEqual([
    ['nvidia', 'H100', 'driver_version', '570', 8, 'majority', '', 1, 100, 8, 0, 300],
  ])
})

it('asks for the days of the address, or for a month', () => {
  expect([daysIn('7'), daysIn('8'), daysIn(null)]).toEqual([7, 30, 30])
})
