import { expect, test } from 'vitest'
import { facilityAt, foldFacility, MeterRow, NO_FACILITY, SiteRow } from './facility.ts'

const meter = (from_ms: number, more: Partial<MeterRow> = {}) =>
  MeterRow.parse({ meter: 'cdu-1/pump', role: 'it', level: 'plant', from_ms, ...more })
const book = (...meters: MeterRow[]) => foldFacility(NO_FACILITY, { ...NO_FACILITY, meters })

test('a change of role holds from its moment on and leaves the past alone', () => {
  const changed = book(meter(0), meter(1000, { role: 'cooling' }))
  const rolesAt = (ms: number) => facilityAt(changed, ms).meters.map(({ role }) => role)
  expect(rolesAt(999)).toEqual(['it'])
  expect(rolesAt(1000)).toEqual(['cooling'])
})

test('a row of the same start corrects, and one that ended is gone', () => {
  const corrected = foldFacility(book(meter(0)), {
    ...NO_FACILITY,
    meters: [meter(0, { role: 'other', to_ms: 500 })],
  })
  expect(corrected.meters).toHaveLength(1)
  expect(facilityAt(corrected, 499).meters.map(({ role }) => role)).toEqual(['other'])
  expect(facilityAt(corrected, 500).meters).toEqual([])
})

test('one site counts: the row that began last', () => {
  const site = (from_ms: number, contracted_watts: number) =>
    SiteRow.parse({ site: 'harbour', it_level: 'rack', from_ms, contracted_watts })
  const sites = [site(0, 1e8), site(1000, 1.8e8)]
  expect(facilityAt({ ...NO_FACILITY, sites }, 2000).sites).toMatchObject([
    { contracted_watts: 1.8e8 },
  ])
})
