import { describe, expect, it } from 'vitest'
import { JournalBody } from '#schemas/journal.ts'
import { meterMetricDefinition } from '#schemas/meter-metrics.ts'
import { isPlausible } from '#schemas/metrics.ts'
import { checkFacility } from '../../cli/import/facility-check.ts'
import { Problems } from '../../cli/import/problems.ts'
import { facilityRows } from '../../ingest/journal/facility.ts'
import { INCIDENT_MS } from '../fleet/incident.ts'
import { buildFleet } from '../fleet/layout.ts'
import { createFleetModel } from '../fleet/state.ts'
import { createFacilityModel, FAILOVER_MS } from './model.ts'
import { energyReadings, sensorReadings } from './readings.ts'
import { buildSite, COOLANT, pduName } from './site.ts'
import { siteBook, siteEntries } from './tree.ts'
import { createTruth } from './truth.testing.ts'

const FROM = Date.UTC(2026, 10, 19, 9)
const HOUR = 3_600_000
const STEP = 600_000
const LIVE = FROM + 24 * HOUR

function simulated(devices: number) {
  const fleet = createFleetModel(buildFleet(devices, 3), FROM, LIVE)
  const site = buildSite(fleet.fleet)
  const facility = createFacilityModel(site, { bornMs: FROM, liveMs: LIVE })
  const book = siteBook(site, FROM)
  const go = (atMs: number, incidentMs: number | null = null) => {
    facility.advance(fleet.tick(atMs, incidentMs), incidentMs)
    const moment = facility.now()
    if (moment === null) throw new Error('the model has a moment after its first tick')
    return moment
  }
  const watts = (meter: string) => facility.exact(meter).watts
  const sum = (meters: readonly { readonly meter: string }[]) =>
    meters.reduce((total, { meter }) => total + watts(meter), 0)
  return { site, facility, book, go, watts, sum }
}

describe.each([64, 512])('the power of a site of %i devices', (devices) => {
  const { book, facility, go, watts, sum } = simulated(devices)
  const measuring = book.meters.filter(({ level }) => level !== 'ambient')

  it('loses on every way, counts no watt twice and has a PUE between 1.13 and 1.2', () => {
    const pues: number[] = []
    for (let ms = FROM; ms < LIVE; ms += STEP) {
      go(ms)
      for (const { meter } of measuring) {
        const children = measuring.filter(({ parent }) => parent === meter)
        expect(watts(meter)).toBeGreaterThanOrEqual(0)
        if (children.length > 0) expect(watts(meter)).toBeGreaterThanOrEqual(sum(children))
      }
      const total = sum(measuring.filter(({ level }) => level === 'utility'))
      const it =
        sum(measuring.filter(({ role }) => role === 'it')) -
        sum(measuring.filter(({ level }) => level === 'outlet'))
      expect(total).toBeGreaterThan(it)
      pues.push(total / it)
    }
    expect(Math.min(...pues)).toBeGreaterThan(1.13)
    expect(Math.max(...pues)).toBeLessThan(1.2)
    expect(Math.max(...pues) - Math.min(...pues)).toBeGreaterThan(0.005)
  })

  it('has a reading for every meter of the tree and no other, in the range of its metric', () => {
    expect(facility.meters.toSorted()).toEqual(measuring.map(({ meter }) => meter).toSorted())
    const moment = facility.now()
    if (moment === null) throw new Error('no moment')
    for (const { metrics } of [...energyReadings(facility), ...sensorReadings(facility, moment)])
      for (const [name, value] of Object.entries(metrics)) {
        const definition = meterMetricDefinition(name)
        expect(definition && isPlausible(definition, value ?? Number.NaN)).toBe(true)
      }
  })

  it('stays below what its meters can carry', () => {
    for (const { meter, max_watts } of measuring)
      if (max_watts !== null) expect(watts(meter)).toBeLessThan(max_watts)
  })
})

describe('the tree', () => {
  it.each([64, 512, 4096])(
    'of %i devices passes the check of imports and the journal',
    (devices) => {
      const { site, book } = simulated(devices)
      const problems = new Problems()
      const placed = <Row>(rows: readonly Row[]) => rows.map((row) => ({ row, line: '' }))
      const { uncovered } = checkFacility(
        { sites: placed(book.sites), meters: placed(book.meters), loops: placed(book.loops) },
        problems,
      )
      expect(problems.report()).toEqual({ refused: 0, noted: 0, examples: [] })
      expect(uncovered).toEqual([])
      // The mirror compares text: rows that were stored with the history must not be news to it.
      const stored = new Set(facilityRows(book, 0).map(({ row }) => row))
      for (const entry of siteEntries(site, FROM)) {
        const body = JournalBody.parse(JSON.parse(JSON.stringify(entry)))
        if (body.kind !== 'facility') throw new Error(`an entry of kind ${body.kind}`)
        for (const { row } of facilityRows(body, 1)) expect(stored.has(row)).toBe(true)
      }
    },
  )

  it('has two loops a hall, the incident’s one with the racks that heat up', () => {
    const { book, site } = simulated(2048)
    expect(book.loops.map(({ loop }) => loop)).toEqual([
      'hall-a1/loop-1',
      'hall-a1/loop-2',
      'hall-a2/loop-1',
      'hall-a2/loop-2',
      'hall-b1/loop-1',
      'hall-b1/loop-2',
      'hall-b2/loop-1',
    ])
    expect(book.loops[0]?.racks).toEqual(['a1-r01', 'a1-r02', 'a1-r03', 'a1-r04'])
    for (const { nodes, loop } of site.racks)
      for (const device of nodes.flatMap((node) => node.devices)) expect(device.loop).toBe(loop)
  })
})

describe('cooling', () => {
  const { go, watts, site } = simulated(512)

  it('carries what the racks give: heat is density x flow x heat capacity x difference', () => {
    const { units } = go(FROM)
    for (const { heatWatts, primary, secondary } of units)
      for (const { litersPerMinute, supplyCelsius, returnCelsius } of [primary, secondary]) {
        const mass = (litersPerMinute / 60_000) * COOLANT.densityKgPerCubicMeter
        const heat = mass * COOLANT.heatCapacityJoulesPerKgKelvin * (returnCelsius - supplyCelsius)
        expect(heat).toBeCloseTo(heatWatts, 3)
      }
  })

  it('in the incident the flow of one loop falls and its supply rises while its racks draw less', () => {
    const before = go(FROM + 60_000)
    const rack = pduName(site.racks[0] ?? site.failoverRack, 'a')
    const usual = watts(rack)
    const during = go(FROM + 60_000 + 140_000, FROM + 60_000)
    const pair = (at: number) => [before.units[at]?.secondary, during.units[at]?.secondary] as const
    const [calm, hit] = pair(0)
    expect(hit?.litersPerMinute).toBeLessThan((calm?.litersPerMinute ?? 0) * 0.4)
    expect(hit?.supplyCelsius).toBeGreaterThan((calm?.supplyCelsius ?? 0) + 8)
    expect(hit?.returnCelsius).toBeLessThan(65)
    expect(watts(rack)).toBeLessThan(usual * 0.9)
    expect(during.units[0]?.pumps.map(({ state }) => state)).toEqual(['failed', 'running'])
    const [, other] = pair(during.units.length - 1)
    expect(other?.supplyCelsius).toBeLessThan(31)
    const after = go(FROM + 60_000 + INCIDENT_MS, FROM + 60_000)
    expect(after.units[0]?.pumps.map(({ state }) => state)).toEqual(['running', 'standby'])
  })
})

describe('in time', () => {
  it('one rack hangs on one feed for twenty minutes, and draws no more and no less', () => {
    const { go, watts, site } = simulated(64)
    const rack = site.failoverRack
    const on = { a: 0, both: 0 }
    for (let ms = FROM; ms < LIVE; ms += 60_000) {
      go(ms)
      if (watts(pduName(rack, 'a')) > 0) on.both += 60_000
      else on.a += 60_000
      expect(watts(pduName(rack, 'a')) + watts(pduName(rack, 'b'))).toBeGreaterThan(1_000)
    }
    expect(on).toEqual({ a: FAILOVER_MS, both: 24 * HOUR - FAILOVER_MS })
  })

  it('counters are what flowed, and a tick that was told of before changes nothing', () => {
    const { facility, go, site } = simulated(64)
    const truth = createTruth(facility)
    let joules = 0
    for (let ms = FROM; ms <= FROM + 900_000; ms += 60_000) {
      truth.note(go(ms))
      if (ms > FROM) joules += facility.exact('util-a').watts * 60
      go(ms)
    }
    expect(truth.truthOf('util-a', FROM)).toBeCloseTo(joules, 2)
    expect(truth.truthOf('util-a', FROM + 900_000)).toBeNull()
    const pdu = pduName(site.racks[0] ?? site.failoverRack, 'a')
    expect((facility.reading(pdu).energy_joules_total ?? 1) % 3_600).toBe(0)
  })
})
