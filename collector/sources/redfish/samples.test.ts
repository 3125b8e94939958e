import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { MeterMetricValues } from '#schemas/meter-metrics.ts'
import { createRejections } from '../../formats/rejections.ts'
import { isJson } from './json.ts'
import { limitsFor, limitsOfPoint } from './limits.ts'
import source from './source.ts'

/** Third-party examples: read in place, never copied. Values below were read off the files by eye. */
const folder = join(import.meta.dirname, '../../../../shared/samples/facility')
const isHere = existsSync(folder)
const FOLDERS = ['redfish-dmtf', 'redfish-ocp', 'redfish-rackmount1']

type Points = Readonly<Record<string, MeterMetricValues>>

const PDU = {
  '': {
    power_watts: 6438,
    apparent_power_voltamperes: 6300,
    power_factor_ratio: 0.93,
    // 56,438 kWh
    energy_joules_total: 203_176_800_000,
    temperature_celsius: 26.3,
    humidity_ratio: 0.527,
  },
}
const OUTLET = {
  'outlet/A1': {
    power_watts: 197.4,
    apparent_power_voltamperes: 197.4,
    power_factor_ratio: 1,
    // 36,166 kWh
    energy_joules_total: 130_197_600_000,
    voltage_volts: 117.5,
    current_amperes: 1.68,
    frequency_hertz: 60,
  },
}
const CABINET = { 'sensor/CabinetTemp': { temperature_celsius: 31.6 } }

/** Files with readings; every other one leads somewhere, or has nothing that is measured. */
const READ: Readonly<Record<string, Points>> = {
  'redfish-dmtf/coolingloop.json': { 'loop-BuildingChiller': { reservoir_level_ratio: 0.95 } },
  'redfish-dmtf/leakdetector.json': { 'leak/Moisture': { leak_state: 0 } },
  'redfish-dmtf/outlet.json': OUTLET,
  'redfish-dmtf/powerdistributionmetrics.json': PDU,
  // The range of ±1.797e308 says nothing.
  'redfish-dmtf/sensor.json': CABINET,
  'redfish-dmtf/sensor2.json': {
    'chassis-Server_R120_G2_Server/sensor/SSB_Temp': { temperature_celsius: 23 },
  },
  'redfish-dmtf/sensor6.json': { sensor: { temperature_celsius: 23.5 } },
  'redfish-dmtf/sensor7.json': { sensor: { voltage_volts: 12.2 } },
  'redfish-dmtf/sensor8.json': { sensor: { power_watts: 150.75 } },
  'redfish-dmtf/sensor11.json': {
    sensor: { power_watts: 125.5, apparent_power_voltamperes: 150.2, power_factor_ratio: 0.85 },
  },
  // Return pressure above supply, and heat that does not fit the flow: as printed.
  'redfish-ocp/OCPCoolantDistributionUnitSpec__ThermalEquipment_CDUs_1_PrimaryCoolantConnectors_1.json':
    {
      primary: {
        flow_liters_per_minute: 41,
        rated_flow_liters_per_minute: 35,
        supply_temperature_celsius: 28,
        return_temperature_celsius: 42,
        supply_pressure_pascals: 803_000,
        return_pressure_pascals: 936_000,
        heat_removed_watts: 21_030,
      },
    },
  'redfish-ocp/OCPLiquidCoolingBaselineSpec__Chassis_1_EnvironmentMetrics.json': {
    '': {
      power_watts: 6438,
      apparent_power_voltamperes: 6300,
      power_factor_ratio: 0.93,
      energy_joules_total: 130_197_600_000,
    },
  },
  'redfish-ocp/OCPLiquidCoolingBaselineSpec__ThermalEquipment_CDUs_1_LeakDetection.json': {
    'leak/Moisture': { leak_state: 0 },
    'leak-group/1': { humidity_ratio: 0.21 },
  },
  'redfish-ocp/OCPRackPDU__Chassis_1_Sensors_CabinetTemp.json': CABINET,
  // The same watts stand under PolyPhasePowerWatts again.
  'redfish-ocp/OCPRackPDU__PowerEquipment_RackPDUs_1_Branches_A.json': {
    'branch/A': {
      power_watts: 937.4,
      apparent_power_voltamperes: 937.4,
      power_factor_ratio: 1,
      // 325,675 kWh
      energy_joules_total: 1_172_430_000_000,
      current_amperes: 5.19,
      frequency_hertz: 60,
    },
  },
  'redfish-ocp/OCPRackPDU__PowerEquipment_RackPDUs_1_Metrics.json': PDU,
  'redfish-ocp/OCPRackPDU__PowerEquipment_RackPDUs_1_Metrics-v1_3_2.json': PDU,
  'redfish-ocp/OCPRackPDU__PowerEquipment_RackPDUs_1_Outlets_A1.json': OUTLET,
  'redfish-ocp/OCPRackPDU__PowerEquipment_RackPDUs_1_Outlets_A1-v1_4_4.json': OUTLET,
  'redfish-rackmount1/Chassis_1U_EnvironmentMetrics.json': {
    '': { power_watts: 374, temperature_celsius: 39 },
  },
  // 344 W here, 374 W in EnvironmentMetrics of the same chassis: a walk reads one of them only.
  'redfish-rackmount1/Chassis_1U_Power.json': {
    '': { power_watts: 344 },
    'psu/0': { voltage_volts: 120 },
  },
  'redfish-rackmount1/Chassis_1U_Sensors_CPU1Power.json': {
    'sensor/CPU1Power': { power_watts: 90 },
  },
  'redfish-rackmount1/Chassis_1U_Sensors_IntakeTemp.json': {
    'sensor/IntakeTemp': { temperature_celsius: 24.8 },
  },
  // 7,855 kWh
  'redfish-rackmount1/Chassis_1U_Sensors_PS1Energy.json': {
    'sensor/PS1Energy': { energy_joules_total: 28_278_000_000 },
  },
  'redfish-rackmount1/Chassis_1U_Sensors_TotalPower.json': {
    'sensor/TotalPower': {
      power_watts: 374,
      apparent_power_voltamperes: 2749.2,
      power_factor_ratio: 0.99,
    },
  },
  'redfish-rackmount1/Chassis_1U_ThermalSubsystem_ThermalMetrics.json': {
    intake: { temperature_celsius: 24.8 },
    exhaust: { temperature_celsius: 40.5 },
    ambient: { temperature_celsius: 22.5 },
    internal: { temperature_celsius: 39 },
  },
}

/** Files of which nothing can be said at all. */
const NOT_REDFISH = ['redfish-dmtf/sensor4.json']

const filesOf = (name: string) =>
  readdirSync(join(folder, name)).flatMap((file) =>
    file.endsWith('.json') ? [`${name}/${file}`] : [],
  )

describe.skipIf(!isHere)('published examples (SKIPPED LOUDLY without ../shared/samples)', () => {
  const files = isHere ? FOLDERS.flatMap(filesOf) : []

  it('all files of the table are there', () => {
    expect(files).toEqual(expect.arrayContaining([...Object.keys(READ), ...NOT_REDFISH]))
    expect(files).toHaveLength(64)
  })

  it.each(files)('%s says what a person reads in it, and nothing else', (file) => {
    const bytes = readFileSync(join(folder, file))
    const read = source.interpret(bytes)
    const points = Object.fromEntries(
      (read.meters ?? []).map(({ point, metrics }) => [point, metrics]),
    )
    expect(points).toEqual(READ[file] ?? {})
    expect(read.rejectedByReason).toEqual({})
    const isNothing = NOT_REDFISH.includes(file)
    expect(read.outcome).toBe(READ[file] === undefined ? (isNothing ? 'failed' : 'absent') : 'ok')
    if (file.startsWith('redfish-rackmount1')) expect(source.recognize(bytes)).toBe(1)
  })

  it.each([
    // UpperCaution is `Decreasing` and LowerCaution `Increasing` here: the side is in the name.
    ['redfish-dmtf/sensor.json', ['low warning 10', 'high warning 35', 'high alarm 40']],
    [
      'redfish-dmtf/sensor2.json',
      ['low alarm 0', 'low warning 5', 'high warning 98', 'high alarm 103'],
    ],
    [
      'redfish-ocp/OCPRackPDU__Chassis_1_Sensors_CabinetTemp.json',
      ['low warning 10', 'high warning 35', 'high alarm 40'],
    ],
  ])('%s keeps the limits a person reads in it', (file, expected) => {
    const sensor: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    const own = isJson(sensor) ? limitsOfPoint(sensor, createRejections()) : null
    expect(own?.limits.map(({ side, level, set }) => `${side} ${level} ${set}`)).toEqual(expected)
  })

  it('delays of a sensor are read, those of power for nobody', () => {
    const file = join(folder, 'redfish-rackmount1/Chassis_1U_Sensors_TotalPower.json')
    const sensor: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (!isJson(sensor)) throw new Error('no resource')
    expect(limitsOfPoint(sensor, createRejections())).toBeNull()
    const place = { point: '', metric: 'power_watts', factor: 1 } as const
    expect(limitsFor(sensor, place, createRejections()).limits).toEqual([
      { side: 'high', level: 'warning', set: 580, reset: 580, delayMs: 600_000 },
      { side: 'high', level: 'alarm', set: 600, reset: 600, delayMs: 60_000 },
    ])
  })

  it('times of sensors keep their zone', () => {
    const file = join(folder, 'redfish-ocp/OCPRackPDU__Chassis_1_Sensors_CabinetTemp.json')
    const { meters = [] } = source.interpret(readFileSync(file))
    expect(meters[0]?.atMs).toBe(Date.parse('2019-12-24T22:14:33Z'))
  })
})
