import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRejections } from '../../formats/rejections.ts'
import type { Json } from './json.ts'
import { limitsFor, limitsOfPoint, limitSteps } from './limits.ts'
import type { Refusal } from './values.ts'

const PLACE = { point: 'secondary', metric: 'flow_liters_per_minute', factor: 1 } as const

function read(sensor: Json, place: Parameters<typeof limitsFor>[1] = PLACE) {
  const refusals = createRejections<Refusal>()
  return { ...limitsFor(sensor, place, refusals), refused: refusals.byReason() }
}

describe('the limits a sensor keeps', () => {
  it('are caution as warning and critical as alarm, with their delays and what lies between a limit and its end', () => {
    const { limits, refused } = read({
      ReadingUnits: 'L/min',
      ReadingType: 'LiquidFlowLPM',
      Thresholds: {
        LowerCritical: { Reading: 20, DwellTime: 'PT10S', HysteresisReading: -5 },
        LowerCaution: { Reading: 30, DwellTime: 'PT1M30S', HysteresisReading: 5 },
        UpperCritical: { Reading: 900, Activation: 'Increasing' },
        UpperCaution: { Reading: 800, Activation: 'Disabled' },
      },
    })
    expect(limits).toEqual([
      { side: 'low', level: 'alarm', set: 20, reset: 25, delayMs: 10_000 },
      { side: 'low', level: 'warning', set: 30, reset: 35, delayMs: 90_000 },
      { side: 'high', level: 'alarm', set: 900, reset: 900, delayMs: 0 },
    ])
    expect(refused).toEqual({})
  })

  it('are in the canonical unit: by the sensor’s own unit, else by that of the value', () => {
    const Thresholds = { UpperCaution: { Reading: 80, HysteresisReading: 5 } }
    const humidity = { point: '', metric: 'humidity_ratio', factor: 0.01 } as const
    expect(read({ Thresholds }, humidity).limits).toMatchObject([{ set: 0.8, reset: 0.75 }])
    const pressure = { point: '', metric: 'supply_pressure_pascals', factor: 1000 } as const
    expect(read({ Thresholds, ReadingUnits: 'kPa' }, pressure).limits).toMatchObject([
      { set: 80_000, reset: 75_000 },
    ])
    const perSecond = { Thresholds, ReadingType: 'LiquidFlow', ReadingUnits: 'L/s' }
    expect(read(perSecond).limits).toMatchObject([{ set: 4800, reset: 4500 }])
    expect(read({ ...perSecond, ReadingUnits: 'gal/min' })).toMatchObject({
      limits: [],
      refused: { unit: 1 },
    })
  })

  it('are none where they contradict each other, or are no numbers', () => {
    const crossed = [
      { UpperCaution: { Reading: 50 }, UpperCritical: { Reading: 45 } },
      { LowerCaution: { Reading: 10 }, LowerCritical: { Reading: 20 } },
      { LowerCaution: { Reading: 60 }, UpperCaution: { Reading: 50 } },
    ]
    for (const Thresholds of crossed)
      expect(read({ Thresholds })).toMatchObject({ limits: [], refused: { limits_crossed: 1 } })
    const odd = [
      {},
      [],
      null,
      { UpperCaution: null },
      { UpperCaution: { Reading: '50' } },
      { UpperCaution: { Reading: 1.797e308 } },
    ]
    for (const Thresholds of odd)
      expect(read({ Thresholds })).toMatchObject({ limits: [], refused: {} })
  })

  it('never throw, are ordered, and end on the side of the good values, whatever the device says', () => {
    const threshold = fc.record(
      {
        Reading: fc.anything(),
        HysteresisReading: fc.oneof(fc.double(), fc.anything()),
        DwellTime: fc.oneof(fc.string(), fc.constantFrom('PT1M', 'P1DT2H', 'PT', 'P', 'PT9e9S')),
        Activation: fc.anything(),
      },
      { requiredKeys: [] },
    )
    const numbers = fc.record({ Reading: fc.double(), HysteresisReading: fc.double() })
    const kinds = ['UpperCaution', 'UpperCritical', 'LowerCaution', 'LowerCritical']
    const sensor = fc.record({
      Thresholds: fc.dictionary(fc.constantFrom(...kinds), fc.oneof(threshold, numbers)),
      ReadingUnits: fc.anything(),
      ReadingType: fc.anything(),
    })
    fc.assert(
      fc.property(sensor, (given) => {
        const { limits } = read(given)
        for (const { side, set, reset, delayMs } of limits) {
          expect(Number.isFinite(set)).toBe(true)
          if (side === 'high') expect(reset).toBeLessThanOrEqual(set)
          else expect(reset).toBeGreaterThanOrEqual(set)
          expect(delayMs).toBeGreaterThanOrEqual(0)
          expect(delayMs).toBeLessThanOrEqual(3_600_000)
        }
        const sets = limits.map(({ set }) => set)
        expect(sets).toEqual(sets.toSorted((a, b) => a - b))
      }),
    )
  })
})

it('limits are looked for where a value names its sensor, for values that are watched', () => {
  const steps = limitSteps({
    '@odata.id': '/redfish/v1/ThermalEquipment/CDUs/1/PrimaryCoolantConnectors/1',
    '@odata.type': '#CoolantConnector.v1_0_2.CoolantConnector',
    FlowLitersPerMinute: { Reading: 41, DataSourceUri: '/redfish/v1/Chassis/1/Sensors/Flow' },
    HeatRemovedkW: { Reading: 21, DataSourceUri: '/redfish/v1/Chassis/1/Sensors/Heat' },
    SupplyTemperatureCelsius: { Reading: 28 },
  })
  expect(steps).toEqual([
    {
      path: '/redfish/v1/Chassis/1/Sensors/Flow',
      role: 'limits',
      limitsOf: { point: 'primary', metric: 'flow_liters_per_minute', factor: 1 },
    },
  ])
})

it('a sensor that is a point itself keeps its own; of power none are watched', () => {
  const sensor = {
    '@odata.id': '/redfish/v1/Chassis/1/Sensors/Inlet',
    '@odata.type': '#Sensor.v1_7_0.Sensor',
    ReadingType: 'Temperature',
    ReadingUnits: 'C',
    Reading: 31.6,
    Thresholds: { UpperCritical: { Reading: 40 }, LowerCaution: { Reading: 10 } },
  }
  expect(limitsOfPoint(sensor, createRejections())).toMatchObject({
    point: 'sensor/Inlet',
    metric: 'temperature_celsius',
    limits: [
      { side: 'low', level: 'warning' },
      { side: 'high', level: 'alarm', set: 40 },
    ],
  })
  expect(limitsOfPoint({ ...sensor, ReadingType: 'Power' }, createRejections())).toBeNull()
})
