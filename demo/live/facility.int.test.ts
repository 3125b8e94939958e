import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Batch } from '#schemas/batch.ts'
import type { MeterSampleRecord } from '#schemas/records.ts'
import type { Logger } from '#schemas/role.ts'
import { decodeBatch } from '#schemas/wire.ts'
import { handTime } from '../../collector/time.testing.ts'
import { createFacilityModel } from '../facility/model.ts'
import { energyReadings, sensorReadings } from '../facility/readings.ts'
import { buildSite } from '../facility/site.ts'
import { siteBook } from '../facility/tree.ts'
import { buildFleet } from '../fleet/layout.ts'
import { createNodeModel } from '../fleet/node-readings.ts'
import { createFleetModel } from '../fleet/state.ts'
import { createIncident } from '../incident.ts'
import { createDemoFleet, type DemoFleet } from './fleet.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const START = Date.UTC(2026, 10, 20, 9, 37, 40)
const CELL = 10_000
/** Every source of the site, by name. */
const SOURCES = ['modbus', 'redfish', 'simulated-facility', 'snmp']
const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

let directory = ''
let running: DemoFleet | null = null
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plimsoll-site-'))
})
afterEach(async () => {
  await running?.stop()
  running = null
  await rm(directory, { recursive: true, force: true })
})

/** A live site whose time the test turns. */
async function liveSite(devices: number) {
  const time = handTime(START)
  const model = createFleetModel(buildFleet(devices, 5), START - CELL, START)
  const facility = createFacilityModel(buildSite(model.fleet), {
    bornMs: START - CELL,
    liveMs: START,
  })
  facility.advance(model.tick(START - CELL, null), null)
  const incident = createIncident({ clock: time.wallMs, delayMs: 90_000 })
  const fleet = createDemoFleet({
    model,
    facility,
    nodes: createNodeModel(model.fleet, START),
    incident,
    directory,
    log: silent,
    random: randomBytes,
    time,
  })
  running = fleet
  await fleet.start()
  const batches = async (): Promise<Batch[]> => {
    const own = fleet.collectors().find(({ collector }) => collector === 'facility-demo')
    if (own === undefined) throw new Error('the site has a collector')
    const { spool } = own
    const all: Batch[] = []
    for (let position = spool.first(); position <= spool.last();)
      for (const record of await spool.readFrom(position, 1000)) {
        const decoded = decodeBatch(record.payload)
        if (decoded.ok) all.push(decoded.batch)
        position = record.position + 1
      }
    return all
  }
  return { time, facility, batches }
}

const metersOf = (batches: readonly Batch[]) =>
  batches
    .flatMap(({ records }) => records)
    .filter((record): record is MeterSampleRecord => record.kind === 'meter_sample')

/** Lets so many ticks pass, and waits until the last one's readings are spooled. */
async function afterTicks({ time, batches }: Awaited<ReturnType<typeof liveSite>>, ticks: number) {
  for (let tick = 0; tick < ticks; tick++) await time.pass(CELL)
  const lastMs = Math.floor(time.wallMs() / CELL) * CELL - CELL
  let meters: MeterSampleRecord[] = []
  await expect
    .poll(
      async () => {
        meters = metersOf(await batches())
        const sources = meters.filter(({ at_ms }) => at_ms >= lastMs).map(({ source }) => source)
        return new Set(sources).size
      },
      { timeout: 20_000, interval: 20 },
    )
    .toBe(SOURCES.length)
  return meters
}

describe('the live site', () => {
  it('is read whole, some of it by the sources of the protocols', async () => {
    const live = await liveSite(256)
    const meters = await afterTicks(live, 4)
    const heard = new Map(meters.map(({ meter, source }) => [meter, source]))
    const moment = live.facility.now()
    if (moment === null) throw new Error('no moment')
    for (const { meter } of [
      ...energyReadings(live.facility),
      ...sensorReadings(live.facility, moment),
    ])
      expect(heard.has(meter), meter).toBe(true)
    expect([...new Set(heard.values())].toSorted()).toEqual(SOURCES)
    expect(heard.get('pdu-a1-r01-a')).toBe('snmp')
    expect(heard.get('cdu-a1-1/secondary')).toBe('redfish')
    expect(heard.get('cdu-b1-1/pump/1')).toBe('modbus')
    const listed = siteBook(live.facility.site, START).meters.map(({ meter }) => meter)
    for (const meter of listed) expect(heard.has(meter), meter).toBe(true)
  })

  it('counters come through SNMP, Redfish and Modbus as the model shows them', async () => {
    const live = await liveSite(256)
    const meters = await afterTicks(live, 3)
    const { facility } = live
    const atMs = facility.now()?.atMs ?? 0
    for (const meter of ['pdu-a1-r01-a', 'cdu-a1-1', 'cdu-b1-1', 'util-a']) {
      const shown = facility.reading(meter)
      const sample = meters.findLast((one) => one.meter === meter && one.at_ms === atMs)
      expect(sample?.values['energy_joules_total']).toBeCloseTo(shown.energy_joules_total ?? 0, 3)
      expect(sample?.values['power_watts']).toBe(shown.power_watts)
    }
  })

  it('in the incident the loop loses flow and warms up, and the thresholds tell of it', async () => {
    const live = await liveSite(256)
    const meters = await afterTicks(live, 26)
    const side = meters.filter(({ meter }) => meter === 'cdu-a1-1/secondary')
    const values = (metric: string) =>
      side.flatMap(({ values: { [metric]: value } }) => (value === undefined ? [] : [value]))
    const [flows, supplies] = [
      values('flow_liters_per_minute'),
      values('supply_temperature_celsius'),
    ]
    expect(Math.min(...flows)).toBeLessThan(0.4 * (flows[0] ?? 0))
    expect(Math.max(...supplies)).toBeGreaterThan((supplies[0] ?? 0) + 8)
    const other = meters.filter(({ meter }) => meter === 'cdu-a2-1/secondary')
    for (const { values: calm } of other)
      expect(calm['supply_temperature_celsius'] ?? 30).toBeLessThan(31)
    const events = (await live.batches())
      .flatMap(({ records }) => records)
      .filter((record) => record.kind === 'event' && record.edge === 'open')
    const of = events.flatMap((event) => (event.kind === 'event' ? [event.code] : []))
    expect(of.some((code) => code.startsWith('cdu-a1-1/secondary'))).toBe(true)
    expect(of.some((code) => code.startsWith('cdu-a1-1/pump/1'))).toBe(true)
    expect(of.some((code) => code.startsWith('cdu-a2-1'))).toBe(false)
  })
})
