import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bitSet, type Batch, type BatchDevice } from '#schemas/batch.ts'
import type { EventRecord, TargetRecord } from '#schemas/records.ts'
import type { Logger } from '#schemas/role.ts'
import { decodeBatch } from '#schemas/wire.ts'
import { handTime } from '../../collector/time.testing.ts'
import { createFacilityModel } from '../facility/model.ts'
import { buildSite } from '../facility/site.ts'
import { INCIDENT_MS } from '../fleet/incident.ts'
import { buildFleet } from '../fleet/layout.ts'
import { createNodeModel, FLAPPING_PORT } from '../fleet/node-readings.ts'
import { createFleetModel } from '../fleet/state.ts'
import { createIncident } from '../incident.ts'
import { createDemoFleet } from './fleet.ts'
import { createMoments } from './moments.ts'

const START = Date.UTC(2026, 10, 20, 9, 37, 40)
const CELL = 10_000
const MINUTE = 60_000
const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plimsoll-demo-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** A fleet whose time the test turns; batches as ingest would read them. */
async function liveFleet(devices = 64) {
  const time = handTime(START)
  const model = createFleetModel(buildFleet(devices, 5), START - CELL, START)
  const incident = createIncident({ clock: time.wallMs, delayMs: 90_000 })
  const fleet = createDemoFleet({
    model,
    facility: createFacilityModel(buildSite(model.fleet), { bornMs: START - CELL, liveMs: START }),
    nodes: createNodeModel(model.fleet, START),
    incident,
    directory,
    log: silent,
    random: randomBytes,
    time,
  })
  await fleet.start()
  const batches = async (): Promise<Batch[]> => {
    const all: Batch[] = []
    for (const { spool } of fleet.collectors()) {
      let position = spool.first()
      while (position <= spool.last()) {
        const records = await spool.readFrom(position, 1000)
        for (const record of records) {
          const decoded = decodeBatch(record.payload)
          if (decoded.ok) all.push(decoded.batch)
          position = record.position + 1
        }
      }
    }
    return all
  }
  return { time, model, incident, fleet, batches }
}

const devicesOf = (batches: readonly Batch[]) =>
  new Map<string, BatchDevice>(
    batches.flatMap(({ devices }) => devices.map((d) => [d.keys[0] ?? '', d])),
  )

/** Values of a metric by device key at one tick. */
function valuesAt(batches: readonly Batch[], name: string, tickMs: number): Map<string, number> {
  const values = new Map<string, number>()
  for (const batch of batches) {
    if (batch.t0Ms !== tickMs) continue
    const column = batch.columns.find((one) => one.name === name)
    batch.devices.forEach((device, row) => {
      if (column !== undefined && bitSet(column.valid, row))
        values.set(device.keys[0] ?? '', column.values[row] ?? Number.NaN)
    })
  }
  return values
}

const mean = (values: Iterable<number>) => {
  const list = [...values]
  return list.reduce((sum, value) => sum + value, 0) / list.length
}

type Live = Awaited<ReturnType<typeof liveFleet>>
let live: Live | null = null
const start = async (devices?: number) => {
  live = await liveFleet(devices)
  return live
}
afterEach(async () => {
  await live?.fleet.stop()
  live = null
})

/** What was spooled, once it satisfies a condition: the spool is a real one, on the real disk's time. */
async function spooled({ batches }: Live, holds: (all: readonly Batch[]) => boolean) {
  let all = await batches()
  await expect
    .poll(
      async () => {
        all = await batches()
        return holds(all)
      },
      { timeout: 10_000, interval: 20 },
    )
    .toBe(true)
  return all
}

describe('the live fleet', () => {
  it('delivers every device under the identity and the place of the history, marked simulated', async () => {
    const own = await start()
    await own.time.pass(2 * CELL)
    const { devices } = own.model.fleet
    const all = await spooled(own, (batches) => devicesOf(batches).size === devices.length)
    expect(all.every((batch) => batch.simulated)).toBe(true)
    expect(new Set(all.map(({ cluster }) => cluster))).toEqual(new Set(['aurora', 'basalt']))
    const found = devicesOf(all)
    const moments = createMoments(own.model, { startMs: () => null })
    for (const { key, node, spec, index } of devices) {
      const { hall, rack, pool, name } = node
      const { vendor, model } = spec
      const holder = moments.holderOf(node, START)
      const expected = { node: name, hall, rack, pool, vendor, model, index, holder }
      expect(found.get(key), key).toMatchObject(expected)
    }
  })

  it('carries the model’s values through the vendors’ output, energy counting on from the history', async () => {
    const own = await start()
    const [first, second] = [START + CELL, START + 2 * CELL]
    await own.time.pass(3 * CELL)
    const { devices } = own.model.fleet
    const isThere = (all: readonly Batch[]) =>
      valuesAt(all, 'busy_ratio', second).size === devices.length
    const all = await spooled(own, isThere)
    const twin = createFleetModel(own.model.fleet, START - CELL, START)
    twin.tick(START, null)
    twin.tick(first, null)
    const tick = twin.tick(second, null)
    const [busy, power] = ['busy_ratio', 'power_watts'].map((name) => valuesAt(all, name, second))
    const [before, after] = [first, second].map((ms) => valuesAt(all, 'energy_joules_total', ms))
    for (const { key, position, spec } of devices.filter(
      ({ spec: one }) => one.vendor === 'nvidia',
    )) {
      const watts = tick.power[position] ?? Number.NaN
      expect(busy?.get(key)).toBeCloseTo(tick.busy[position] ?? Number.NaN, 6)
      expect(power?.get(key), spec.model).toBeCloseTo(watts, 4)
      expect((after?.get(key) ?? 0) - (before?.get(key) ?? 0)).toBeCloseTo(watts * 10, 1)
    }
  })

  it('crosses 60 % in the incident and is back at its end, with the events of it, and again on demand', async () => {
    const own = await start()
    const liveMs = own.time.wallMs()
    await own.time.pass(90_000 + INCIDENT_MS + MINUTE)
    const startMs = liveMs + 90_000
    expect(own.incident.startMs()).toBe(startMs)
    own.incident.play()
    await own.time.pass(4 * MINUTE)
    const lastMs = own.time.wallMs() - CELL
    const all = await spooled(own, (batches) => batches.some(({ t0Ms }) => t0Ms >= lastMs - CELL))
    const lastMinute = (endMs: number) => {
      const ticks = Array.from(
        { length: 6 },
        (_, i) => Math.floor(endMs / CELL) * CELL - (i + 1) * CELL,
      )
      return mean(ticks.flatMap((ms) => [...valuesAt(all, 'busy_ratio', ms).values()]))
    }
    expect(lastMinute(startMs)).toBeGreaterThan(0.6)
    expect(lastMinute(startMs + 5 * MINUTE)).toBeLessThan(0.6)
    expect(lastMinute(startMs + INCIDENT_MS)).toBeGreaterThan(0.6)
    expect(
      Math.max(...valuesAt(all, 'clock_event_reasons', cellOf(startMs + 4 * MINUTE)).values()),
    ).toBe(0x40)
    const xids = all.flatMap(({ records }) =>
      records.filter((one): one is EventRecord => one.kind === 'event' && one.code === '94'),
    )
    // Closed when the device was reset, and reported again.
    expect(xids.map(({ edge }) => edge)).toEqual(['open', 'closed', 'open'])
  }, 60_000)
})

describe('what is permanently wrong in a large fleet', () => {
  it('shows in collection health: a silent node, an exporter with HTTP 500, a page with garbage', async () => {
    const own = await start(1024)
    await own.time.pass(2 * CELL)
    const { silent: dead, failing, garbled, faulty } = own.model.troubles
    const targets = (all: readonly Batch[]) =>
      new Map(
        all.flatMap(({ records }) =>
          records.flatMap((one): [string, TargetRecord][] =>
            one.kind === 'target' ? [[one.node, one]] : [],
          ),
        ),
      )
    const all = await spooled(own, (batches) => targets(batches).has(dead?.node.name ?? ''))
    const lines = targets(all)
    expect(lines.get(dead?.node.name ?? '')).toMatchObject({ outcome: 'failed', reason: 'timeout' })
    expect(lines.get(failing?.node.name ?? '')).toMatchObject({
      outcome: 'failed',
      reason: 'http_500',
    })
    expect(lines.get(garbled.name)).toMatchObject({ outcome: 'ok', devices: 8 })
    expect(lines.get(garbled.name)?.examples.length).toBeGreaterThanOrEqual(2)
    const pending = valuesAt(all, 'row_remap_pending', START + CELL)
    expect(pending.get(faulty.device.key)).toBe(1)
    const failed = [...lines.values()].filter(({ outcome }) => outcome !== 'ok')
    expect(failed.length / own.model.fleet.nodes.length).toBeLessThan(0.05)
  })
})

describe('what the new screens show', () => {
  it('node samples, dated versions, a port that flaps, and a field that an exporter update took away', async () => {
    const own = await start()
    await own.time.pass(12 * MINUTE)
    const recordsOf = (all: readonly Batch[]) => all.flatMap(({ records }) => records)
    const isLost = (all: readonly Batch[]) =>
      recordsOf(all).some((one) => one.kind === 'target' && (one.vanished ?? []).length > 0)
    const records = recordsOf(await spooled(own, isLost))
    expect(
      records.find((one) => one.kind === 'target' && (one.vanished ?? []).length > 0),
    ).toMatchObject({
      vanished: [{ metric: 'memory_temperature_celsius', version: '4.4.1-4.5.0' }],
      tool: { exporter_version: '4.8.1-4.9.0' },
    })
    const nodes = new Set(
      records.flatMap((one) => (one.kind === 'node_sample' && one.link === null ? [one.node] : [])),
    )
    expect(nodes.size).toBeGreaterThanOrEqual(7)
    const names = new Set(records.flatMap((one) => (one.kind === 'fact' ? [one.name] : [])))
    expect([...names]).toEqual(expect.arrayContaining(['driver_version', 'exporter_version']))
    expect(
      records.some(
        (one) => one.kind === 'event' && one.type === 'link_down' && one.code === FLAPPING_PORT,
      ),
    ).toBe(true)
  }, 60_000)
})

const cellOf = (ms: number) => Math.floor(ms / CELL) * CELL
