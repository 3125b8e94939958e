import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LEAK_STATES, PUMP_STATES } from '#schemas/meter-metrics.ts'
import { meterId } from '#schemas/meter-id.ts'
import type { Json } from './json.ts'
import { parseAnswer } from './parse.ts'
import { pointOf } from './points.ts'

const read = (resource: unknown) =>
  Object.fromEntries(parseAnswer(resource).meters.map(({ point, metrics }) => [point, metrics]))
const refused = (resource: unknown) => parseAnswer(resource).refusals.byReason()
const typed = (type: string, path: string, body: Json): Json => ({
  '@odata.type': `#${type}.v1_0_0.${type}`,
  '@odata.id': `/redfish/v1/${path}`,
  ...body,
})
const sensor = (body: Json) => typed('Sensor', 'Chassis/1/Sensors/S', body)

describe('points', () => {
  it.each([
    ['PowerEquipment/RackPDUs/1/Metrics', ''],
    ['PowerEquipment/RackPDUs/2/Outlets/A1/', 'pdu-2/outlet/A1'],
    ['PowerEquipment/FloorPDUs/7/Branches/C', 'floor-pdu-7/branch/C'],
    ['PowerEquipment/RackPDUs/RackPDU/Mains/A', 'mains/A'],
    ['ThermalEquipment/CDUs/1/SecondaryCoolantConnectors/1', 'secondary'],
    ['ThermalEquipment/CDUs/1/SecondaryCoolantConnectors/2', 'secondary/2'],
    ['ThermalEquipment/CDUs/1/Pumps/1', 'pump/1'],
    ['ThermalEquipment/CDUs/1/LeakDetection/LeakDetectors/Rope%201', 'leak/Rope-1'],
    ['ThermalEquipment/CoolingLoops/1/PrimaryCoolantConnectors/1', 'loop-1/primary'],
    ['Chassis/1U/ThermalSubsystem/LeakDetection/LeakDetectors/2', 'leak/2'],
    ['Chassis/HGX_Chassis_0/EnvironmentMetrics', 'chassis-HGX_Chassis_0'],
    ['Chassis/1/PowerSubsystem/PowerSupplies/Bay1/Metrics', 'psu/Bay1'],
  ])('%s is %s', (path, point) => {
    expect(pointOf({ '@odata.id': `/redfish/v1/${path}` })).toBe(point)
  })

  it('groups of outlets repeat their outlets and are no points', () => {
    const group = { PowerWatts: { Reading: 400 } }
    expect(read(typed('Outlet', 'PowerEquipment/RackPDUs/1/OutletGroups/G', group))).toEqual({})
  })
})

describe('what is absent is never zero', () => {
  it.each([
    ['null', { Reading: null }, { no_value: 1 }],
    ['-1', { Reading: -1 }, { sentinel: 1 }],
    ['text', { Reading: '12' }, { no_value: 1 }],
    [
      'out of its range',
      { Reading: 700, ReadingRangeMin: 0, ReadingRangeMax: 600 },
      { out_of_range: 1 },
    ],
    ['the largest double', { Reading: 1.797e308 }, { no_value: 1 }],
    ['in a foreign unit', { Reading: 5, ReadingUnits: '[degF]' }, { unit: 1 }],
    ['a distance to a limit', { Reading: 5, ReadingBasis: 'Headroom' }, { no_meaning: 1 }],
    [
      'of a part that is off',
      { Reading: 0, Status: { State: 'Absent', Health: 'OK' } },
      { off: 1 },
    ],
  ])('a reading %s', (_, body, reasons) => {
    const resource = sensor({ ReadingType: 'Power', ...body })
    expect(read(resource)).toEqual({})
    expect(refused(resource)).toEqual(reasons)
  })

  it('zero of an enabled part is a real zero, and an unknown range says nothing', () => {
    const range = { ReadingRangeMin: -1.797e308, ReadingRangeMax: 1.797e308 }
    const body = { ReadingType: 'Power', Reading: 0, Status: { State: 'Enabled' }, ...range }
    expect(read(sensor(body))).toEqual({ 'sensor/S': { power_watts: 0 } })
  })
})

describe('energy', () => {
  const metrics = (energy: Json) =>
    parseAnswer(
      typed('PowerDistributionMetrics', 'PowerEquipment/RackPDUs/1/Metrics', { EnergykWh: energy }),
    ).meters

  it('the reading over its life is believed before the one that a reset clears', () => {
    const both = { Reading: 2, LifetimeReading: 56_438, SensorResetTime: '2026-11-01T00:00:00Z' }
    expect(metrics(both)).toEqual([
      { meter: null, point: '', metrics: { energy_joules_total: 203_176_800_000 } },
    ])
  })

  it('without it the reset is dated by the device', () => {
    expect(metrics({ Reading: 2, SensorResetTime: '2026-11-01T08:00:00+08:00' })).toEqual([
      {
        meter: null,
        point: '',
        metrics: { energy_joules_total: 7_200_000 },
        energyResetMs: Date.parse('2026-11-01T00:00:00Z'),
      },
    ])
  })

  it('a lifetime that is null for once is no reason to believe the other', () => {
    expect(metrics({ Reading: 2, LifetimeReading: null })).toEqual([])
  })
})

describe('leaks', () => {
  const detector = (body: Json) => {
    const path = 'ThermalEquipment/CDUs/1/LeakDetection/LeakDetectors/2'
    return LEAK_STATES[read(typed('LeakDetector', path, body))['leak/2']?.leak_state ?? -1]
  }

  it.each([
    ['OK', 'Enabled', 'ok'],
    ['Warning', 'Enabled', 'warning'],
    ['Critical', 'Enabled', 'critical'],
    ['Unavailable', 'Enabled', 'unavailable'],
    ['Absent', 'Enabled', 'absent'],
    ['OK', 'UnavailableOffline', 'unavailable'],
    ['OK', 'Disabled', 'unavailable'],
    ['OK', 'Absent', 'absent'],
    ['Wet', 'Enabled', 'unavailable'],
  ])('a detector that says %s and is %s counts as %s', (DetectorState, State, state) => {
    expect(detector({ DetectorState, Status: { State, Health: 'OK' } })).toBe(state)
  })

  it('one that says nothing is not ok, whatever its health', () => {
    expect(detector({ Status: { State: 'Enabled', Health: 'OK' } })).toBe('unavailable')
    expect(detector({ DetectorState: null })).toBe('unavailable')
  })

  it('detectors without a resource are known by their device name, and a summary that is off says nothing', () => {
    const groups = [
      { Detectors: [{ DeviceName: 'Rope under rack 7', DetectorState: 'Critical' }] },
      { Detectors: [{ DetectorState: 'OK' }] },
    ]
    const summary = (State: string) =>
      read(
        typed('LeakDetection', 'ThermalEquipment/CDUs/1/LeakDetection', {
          Status: { State },
          LeakDetectorGroups: groups,
        }),
      )
    expect(summary('Enabled')).toEqual({
      'leak/Rope-under-rack-7': { leak_state: 2 },
      'leak/1': { leak_state: 0 },
    })
    expect(summary('UnavailableOffline')).toEqual({
      'leak/Rope-under-rack-7': { leak_state: 3 },
      'leak/1': { leak_state: 3 },
    })
  })
})

describe('pumps', () => {
  it.each([
    ['running', { State: 'Enabled', Health: 'OK' }, 62],
    ['standby', { State: 'Enabled', Health: 'OK' }, 0],
    ['standby', { State: 'StandbySpare', Health: 'OK' }, 62],
    ['failed', { State: 'Enabled', Health: 'Critical' }, 0],
    ['unavailable', { State: 'UnavailableOffline', Health: 'OK' }, 62],
  ])('is %s', (state, Status, percent) => {
    const body = { Status, PumpSpeedPercent: { Reading: percent, SpeedRPM: 2000 } }
    const metrics = read(typed('Pump', 'ThermalEquipment/CDUs/1/Pumps/2', body))['pump/2']
    expect(PUMP_STATES[metrics?.pump_state ?? -1]).toBe(state)
  })
})

describe('shapes of answers', () => {
  it('a collection with its members in place is all of its members', () => {
    const outlets = ['A1', 'A2'].map((id) =>
      typed('Outlet', `PowerEquipment/RackPDUs/1/Outlets/${id}`, { PowerWatts: { Reading: 7 } }),
    )
    const list = typed('OutletCollection', 'PowerEquipment/RackPDUs/1/Outlets', {
      Members: outlets,
    })
    expect(read(list)).toEqual({ 'outlet/A1': { power_watts: 7 }, 'outlet/A2': { power_watts: 7 } })
  })

  it('the id may be written ID, and words like constructor are no types', () => {
    const outlet = { '@odata.type': '#Outlet.v1_0_0.Outlet', ID: 'B2', PowerWatts: { Reading: 7 } }
    expect(read(outlet)).toEqual({ 'outlet/B2': { power_watts: 7 } })
    const strange = {
      '@odata.type': '#constructor.v1',
      '@odata.id': '/redfish/v1/toString/1/valueOf/2',
    }
    expect(
      read([strange, { '@odata.type': '#Sensor.v1', ReadingType: 'toString', Reading: 1 }]),
    ).toEqual({})
  })

  it('any JSON is read without a throw, into points with names', () => {
    const words = fc.constantFrom(
      'Reading',
      'Status',
      'State',
      'Members',
      '@odata.type',
      '@odata.id',
      'PowerWatts',
      'Detectors',
      'LeakDetectorGroups',
      'PowerControl',
    )
    const types = fc.constantFrom(
      '#Sensor.v1.S',
      '#Power.v1.P',
      '#LeakDetection.v1.L',
      '#Pump.v1',
      '#Outlet.v1',
      '/redfish/v1/Chassis/1/Sensors/x',
    )
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.jsonValue(),
        types,
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.oneof(words, fc.string()), tie('tree'), { maxKeys: 6 }),
      ),
    }))
    fc.assert(
      fc.property(tree, (json) => {
        for (const { point, metrics } of parseAnswer(json).meters) {
          expect(meterId('thing', point)).not.toBeNull()
          for (const value of Object.values(metrics)) expect(Number.isFinite(value)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
