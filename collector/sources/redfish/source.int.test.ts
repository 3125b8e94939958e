import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Interpretation } from '#schemas/reading.ts'
import { type Bmc, startBmc } from './bmc.testing.ts'
import { isJson, type Json, word } from './json.ts'
import { type Asked, askDevice, CDU, PDU } from './reads.testing.ts'
import { redfishTree } from './simulate.ts'

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop()
})

async function bmcOf(...given: Parameters<typeof startBmc>): Promise<Bmc> {
  const bmc = await startBmc(...given)
  open.push(bmc)
  return bmc
}

function ask(bmc: Bmc, options: Readonly<Record<string, unknown>> = {}): Asked {
  const asked = askDevice(bmc.url, options)
  open.push(asked)
  return asked
}

const points = ({ meters = [] }: Interpretation) =>
  Object.fromEntries(meters.map(({ point, metrics }) => [point, metrics]))
const gets = (bmc: Bmc) => bmc.asked.filter((line) => line.startsWith('GET')).length

describe('a walk', () => {
  it('finds a PDU and its outlets, and reads both with one question each', async () => {
    const bmc = await bmcOf(redfishTree({ pdus: [PDU] }))
    const device = ask(bmc)
    const first = await device.read()
    expect(first.outcome).toBe('ok')
    expect(points(first)).toEqual({
      '': { power_watts: 6438, energy_joules_total: 203_176_800_000, temperature_celsius: 26.3 },
      'outlet/A1': { power_watts: 197.4, energy_joules_total: 3_600_000 },
      'outlet/A2': { power_watts: 0, energy_joules_total: 7_200_000 },
    })
    expect(first.toolLabels).toEqual({ tool_version: '1.15.0', firmware_version: '4.3.0' })
    const before = gets(bmc)
    await device.read(30_000)
    expect(bmc.asked.slice(-2)).toEqual([
      'GET /redfish/v1/PowerEquipment/RackPDUs/1/Metrics',
      'GET /redfish/v1/PowerEquipment/RackPDUs/1/Outlets?$expand=.($levels=1)',
    ])
    expect(gets(bmc) - before).toBe(2)
    expect(bmc.connections()).toBe(1)
  })

  it('asks for members one by one where the service fills in none after all', async () => {
    const bmc = await bmcOf(redfishTree({ pdus: [PDU] }), { expands: false })
    expect(Object.keys(points(await ask(bmc).read()))).toEqual(['', 'outlet/A1', 'outlet/A2'])
    expect(bmc.asked).toContain('GET /redfish/v1/PowerEquipment/RackPDUs/1/Outlets/A2')
  })

  it('reads a cooling unit: both sides, pumps, leaks, level, own power and dew point', async () => {
    const bmc = await bmcOf(redfishTree({ cdus: [CDU] }))
    expect(points(await ask(bmc).read())).toMatchObject({
      '': { power_watts: 4200, dew_point_celsius: 14 },
      primary: { flow_liters_per_minute: 900, supply_temperature_celsius: 28 },
      secondary: { flow_liters_per_minute: 1100, supply_pressure_pascals: 250_000 },
      'pump/1': { pump_state: 0, pump_speed_ratio: 0.62 },
      'pump/2': { pump_state: 1 },
      'leak/1': { leak_state: 0 },
      'leak/2': { leak_state: 3 },
      'reservoir/1': { reservoir_level_ratio: 0.8 },
    })
  })

  it('asks once for the limits of watched values, and one that is not there costs no reading', async () => {
    const FLOW = '/redfish/v1/Chassis/1/Sensors/Flow'
    const SUPPLY = '/redfish/v1/Chassis/1/Sensors/Supply'
    const tree = new Map(redfishTree({ cdus: [CDU] }))
    const side = '/redfish/v1/ThermalEquipment/CDUs/1/SecondaryCoolantConnectors/1'
    tree.set(side, {
      ...tree.get(side),
      FlowLitersPerMinute: { Reading: 1100, DataSourceUri: FLOW },
      SupplyTemperatureCelsius: { Reading: 35, DataSourceUri: SUPPLY },
      ReturnTemperatureCelsius: {
        Reading: 45,
        DataSourceUri: 'https://elsewhere.example/redfish/v1/x',
      },
    })
    tree.set(FLOW, {
      '@odata.id': FLOW,
      '@odata.type': '#Sensor.v1_7_0.Sensor',
      Reading: 1100,
      Thresholds: { LowerCaution: { Reading: 700, DwellTime: 'PT5S' } },
    })
    const bmc = await bmcOf(tree)
    const device = ask(bmc)
    const first = await device.read()
    expect(first.outcome).toBe('ok')
    expect(first.limits).toEqual([
      {
        meter: null,
        point: 'secondary',
        metric: 'flow_liters_per_minute',
        limits: [{ side: 'low', level: 'warning', set: 700, reset: 700, delayMs: 5000 }],
      },
    ])
    const asked = (path: string) => bmc.asked.filter((line) => line === `GET ${path}`).length
    expect([asked(FLOW), asked(SUPPLY)]).toEqual([1, 1])
    const second = await device.read(30_000)
    expect(second.outcome).toBe('ok')
    expect(second.limits).toBeUndefined()
    expect([asked(FLOW), asked(SUPPLY)]).toEqual([1, 1])
    // Equipment is looked for again every hour, and limits with it.
    const before = asked('/redfish/v1/')
    await device.read(3_660_000)
    const later = await device.read(3_690_000)
    expect(asked(FLOW)).toBe(2)
    // One look each: it ends.
    expect(asked('/redfish/v1/') - before).toBe(1)
    expect(later.outcome).toBe('ok')
  })

  it('between full reads only leaks, flow and pumps are asked for, and each says its own step', async () => {
    const bmc = await bmcOf(redfishTree({ cdus: [CDU] }))
    const device = askDevice(bmc.url, { full_every: '30s' }, { random: () => 0 })
    open.push(device)
    await device.read(0)
    await device.read(2000)
    const fast = await device.read(4000)
    expect(Object.keys(points(fast)).toSorted()).toEqual(
      ['leak/1', 'leak/2', 'primary', 'pump/1', 'pump/2', 'secondary'].toSorted(),
    )
    expect(fast.meters?.every(({ stepMs }) => stepMs === undefined)).toBe(true)
    const steps = (read: Interpretation) =>
      read.meters?.find(({ point }) => point === 'reservoir/1')?.stepMs
    for (let atMs = 6000; atMs < 30_000; atMs += 2000)
      expect(steps(await device.read(atMs))).toBeUndefined()
    expect(steps(await device.read(30_000))).toBe(30_000)
  })

  it('a PDU has nothing due between full reads, a cooling unit at every tick', async () => {
    const dueAt = async (tree: ReturnType<typeof redfishTree>) => {
      const bmc = await bmcOf(tree)
      const device = askDevice(bmc.url, { full_every: '30s' }, { random: () => 0 })
      open.push(device)
      const found: number[] = []
      for (let atMs = 0; atMs <= 60_000; atMs += 2000) {
        if (device.isDue(atMs) === false) continue
        found.push(atMs)
        await device.read(atMs)
      }
      return found
    }
    expect(await dueAt(redfishTree({ pdus: [PDU] }))).toEqual([0, 30_000, 60_000])
    expect(await dueAt(redfishTree({ cdus: [CDU] }))).toHaveLength(31)
  })

  it('devices that are found together are read in full at different times ever after', async () => {
    const bmc = await bmcOf(redfishTree({ cdus: [CDU] }))
    const fullReads = async (random: number) => {
      const device = askDevice(bmc.url, { full_every: '30s' }, { random: () => random })
      open.push(device)
      const found: number[] = []
      for (let atMs = 0; atMs <= 60_000; atMs += 2000) {
        const { meters = [] } = await device.read(atMs)
        if (meters.some(({ point }) => point === 'reservoir/1')) found.push(atMs)
      }
      return found
    }
    expect(await fullReads(0)).toEqual([0, 30_000, 60_000])
    expect(await fullReads(0.8)).toEqual([0, 18_000, 48_000])
  })

  it('a leak is there at the next tick', async () => {
    const bmc = await bmcOf(redfishTree({ cdus: [CDU] }))
    const device = ask(bmc)
    await device.read(0)
    bmc.tree = redfishTree({ cdus: [{ ...CDU, leaks: [{ id: '1', state: 'critical' }] }] })
    expect(points(await device.read(1000))).toMatchObject({ 'leak/1': { leak_state: 2 } })
  })

  it('links to another host are never followed, wherever they stand', async () => {
    const other = await bmcOf(redfishTree({ pdus: [PDU] }))
    const evil = other.url.replace('/redfish/v1', '')
    const tree = new Map(redfishTree({ pdus: [PDU] }))
    const lure = (path: string, body: Json) =>
      tree.set(path, { '@odata.id': path, '@odata.type': '#X.v1_0_0.X', ...body })
    lure('/redfish/v1', {
      PowerEquipment: { '@odata.id': `${evil}/redfish/v1/PowerEquipment` },
      ThermalEquipment: { '@odata.id': `//${new URL(evil).host}/redfish/v1/ThermalEquipment` },
      Chassis: { '@odata.id': '/redfish/v1/Chassis' },
    })
    lure('/redfish/v1/Chassis', {
      Members: [{ '@odata.id': `${evil}/redfish/v1/Chassis/1` }, { '@odata.id': '/etc/passwd' }],
    })
    const bmc = await bmcOf(tree)
    const read = await ask(bmc).read()
    expect([read.outcome, read.reason]).toEqual(['failed', 'no_meters'])
    expect(other.asked).toEqual([])
    expect(bmc.asked).toEqual(['GET /redfish/v1/', 'GET /redfish/v1/Chassis'])
  })

  it('a part that vanishes costs its own values only', async () => {
    const bmc = await bmcOf(redfishTree({ cdus: [CDU], canExpand: false }))
    const device = ask(bmc)
    await device.read(0)
    const tree = new Map(bmc.tree)
    tree.delete('/redfish/v1/ThermalEquipment/CDUs/1/Pumps/2')
    bmc.tree = tree
    const read = await device.read(2000)
    expect(read.outcome).toBe('ok')
    expect(Object.keys(points(read))).toContain('pump/1')
    expect(Object.keys(points(read))).not.toContain('pump/2')
  })
})

const samples = join(import.meta.dirname, '../../../../shared/samples/facility')

/** The published examples as one service: what is linked and not there answers 404. */
function sampleTree(): Map<string, Json> {
  const tree = new Map<string, Json>()
  const put = (body: Json, path = word(body, '@odata.id').replace(/\/$/, '')) =>
    tree.set(path, body)
  for (const folder of ['redfish-dmtf', 'redfish-rackmount1', 'redfish-ocp'])
    for (const file of readdirSync(join(samples, folder)).filter((name) =>
      name.endsWith('.json'),
    )) {
      const body: unknown = JSON.parse(readFileSync(join(samples, folder, file), 'utf8'))
      // Two published forms of one unit: the one with pumps and connectors is served.
      const isBaseline = file.startsWith('OCPLiquidCoolingBaselineSpec__ThermalEquipment_CDUs_1.')
      if (isJson(body) && word(body, '@odata.id') !== '' && !isBaseline) put(body)
    }
  const list = (path: string, ...members: string[]) =>
    put({ Members: members.map((id) => ({ '@odata.id': `${path}/${id}` })) }, path)
  const v1 = '/redfish/v1'
  put(
    {
      ...tree.get(v1),
      PowerEquipment: { '@odata.id': `${v1}/PowerEquipment` },
      ThermalEquipment: { '@odata.id': `${v1}/ThermalEquipment` },
    },
    v1,
  )
  list(`${v1}/Chassis`, '1', '1U')
  list(`${v1}/PowerEquipment/RackPDUs`, '1')
  list(`${v1}/PowerEquipment/RackPDUs/1/Mains`, 'A')
  list(`${v1}/PowerEquipment/RackPDUs/1/Branches`, 'A')
  list(`${v1}/PowerEquipment/RackPDUs/1/Outlets`, 'A1')
  list(`${v1}/ThermalEquipment/CDUs`, '1')
  list(`${v1}/ThermalEquipment/CDUs/1/PrimaryCoolantConnectors`, '1')
  list(`${v1}/ThermalEquipment/CoolingLoops`, 'BuildingChiller')
  return tree
}

describe.skipIf(!existsSync(samples))(
  'the published examples as a service (SKIPPED LOUDLY without ../shared/samples)',
  () => {
    it('are walked, and give each value once', async () => {
      const bmc = await bmcOf(sampleTree())
      const read = await ask(bmc).read()
      expect(points(read)).toEqual({
        // Of the PDU and two chassis on this one service, the PDU is believed.
        '': {
          power_watts: 6438,
          apparent_power_voltamperes: 6300,
          power_factor_ratio: 0.93,
          energy_joules_total: 203_176_800_000,
          temperature_celsius: 26.3,
          humidity_ratio: 0.527,
        },
        'outlet/A1': expect.objectContaining({ power_watts: 197.4 }),
        'branch/A': expect.objectContaining({ power_watts: 937.4 }),
        primary: expect.objectContaining({ flow_liters_per_minute: 41 }),
        'leak/Moisture': { leak_state: 0 },
        'leak-group/1': { humidity_ratio: 0.21 },
        'loop-BuildingChiller': { reservoir_level_ratio: 0.95 },
        intake: { temperature_celsius: 24.8 },
        exhaust: { temperature_celsius: 40.5 },
        ambient: { temperature_celsius: 22.5 },
        internal: { temperature_celsius: 39 },
      })
    })

    it('a server alone is read by its own metrics, not by the older form beside them', async () => {
      const bmc = await bmcOf(sampleTree())
      const read = await ask(bmc, { kinds: ['chassis'] }).read()
      expect(bmc.asked).not.toContain('GET /redfish/v1/Chassis/1U/Power')
      expect(points(read)['']).toEqual({ power_watts: 374, temperature_celsius: 39 })
    })
  },
)
