import { expect, test } from 'vitest'
import type { MeterLimit, MeterLimits } from '#schemas/reading.ts'
import type { EventRecord } from '#schemas/records.ts'
import { readMeters } from '../meter-samples.ts'
import { T0, targetRead } from '../read.testing.ts'
import { toTarget } from '../targets/target.ts'
import { ThresholdEntry, thresholdBook } from './config.ts'
import { createThresholds } from './watch.ts'

type Values = Readonly<Record<string, Readonly<Record<string, number>>>>

/** A cooling unit read once a second. */
function unit(entries: readonly unknown[] = []) {
  const events: EventRecord[] = []
  const book = thresholdBook(entries.map((entry) => ThresholdEntry.parse(entry)))
  const thresholds = createThresholds(book, (event) => events.push(event))
  const target = toTarget('cdu-3:80', { node: 'cdu-3' }, 'me')
  const read = (
    second: number,
    points: Values | 'failed' | 'nothing',
    limits: readonly MeterLimits[] = [],
  ) => {
    const meters =
      typeof points === 'string'
        ? []
        : Object.entries(points).map(([point, metrics]) => ({ meter: null, point, metrics }))
    const outcome = points === 'failed' ? 'failed' : 'ok'
    const said = {
      meters,
      outcome,
      reason: points === 'failed' ? 'timeout' : null,
      limits,
    } as const
    const one = targetRead(T0 + second * 1000, [], {
      source: 'redfish',
      target,
      intervalMs: 1000,
      said,
    })
    thresholds.observe(one, readMeters(one).samples)
  }
  const told = () =>
    events.map(({ type, edge, severity, node }) => `${node} ${type} ${edge} ${severity}`)
  return { read, events, told }
}

test('a leak is an event in the read that shows it, and ends when the floor is dry', () => {
  const { read, events, told } = unit()
  read(0, { 'leak/2': { leak_state: 0 } })
  read(1, { 'leak/2': { leak_state: 2 } })
  read(2, { 'leak/2': { leak_state: 2 } })
  read(3, { 'leak/2': { leak_state: 0 } })
  expect(told()).toEqual([
    'cdu-3 leak open warning',
    'cdu-3 leak open critical',
    'cdu-3 leak closed info',
    'cdu-3 leak closed info',
  ])
  expect(events[1]).toMatchObject({
    at_ms: T0 + 1000,
    message: 'cdu-3/leak/2: leak critical',
    message_zh: 'cdu-3/leak/2：漏液 严重',
    fault_class: 'cooling',
  })
})

test('a detector that cannot say is not dry: after a minute it is an alert of its own, and no leak', () => {
  const { read, told } = unit()
  for (let second = 0; second <= 61; second++) read(second, { 'leak/1': { leak_state: 3 } })
  expect(told()).toEqual(['cdu-3 leak_detector open warning'])
})

test('flow is judged by the rated flow, after 40 s', () => {
  const { read, events, told } = unit()
  const point = (flow: number) => ({
    secondary: { flow_liters_per_minute: flow, rated_flow_liters_per_minute: 400 },
  })
  for (let second = 0; second < 60; second++) read(second, point(330))
  expect(told()).toEqual(['cdu-3 flow open warning'])
  expect(events[0]).toMatchObject({
    at_ms: T0 + 40_000,
    message: 'cdu-3/secondary: flow against rated or usual 83 %, warning at 85 %',
  })
})

test('without a rated flow the usual one counts, and losing nearly all of it is an alarm at once', () => {
  const { read, events, told } = unit()
  for (let second = 0; second < 90; second++)
    read(second, { secondary: { flow_liters_per_minute: 400 } })
  read(90, { secondary: { flow_liters_per_minute: 12 } })
  expect(told()).toEqual(['cdu-3 flow open critical'])
  expect(events[0]?.at_ms).toBe(T0 + 90_000)
})

test('the dew point of the room counts against the secondary supply, not against facility water', () => {
  const { read, told } = unit()
  for (let second = 0; second < 30; second++)
    read(second, {
      room: { dew_point_celsius: 16 },
      primary: { supply_temperature_celsius: 17 },
      secondary: { supply_temperature_celsius: 20 },
    })
  expect(told()).toEqual(['cdu-3 dew_point open warning'])
})

test('a rule of the site replaces the defaults for the points it names', () => {
  const { read, told } = unit([
    {
      signal: 'supply_temperature_celsius',
      meters: 'cdu-*/secondary',
      high: { warn: [42, 40], alarm: [45, 42] },
    },
    { signal: 'pump_failed', meters: 'cdu-3/pump/9', off: true },
  ])
  read(0, { secondary: { supply_temperature_celsius: 43 }, 'pump/9': { pump_state: 2 } })
  expect(told()).toEqual(['cdu-3 coolant_temperature open warning'])
})

test('a rule whose reset lies on the wrong side is refused', () => {
  const entry = { signal: 'coolant_ph', low: { warn: [7.2, 7.1] } }
  expect(ThresholdEntry.safeParse(entry).error?.issues[0]?.message).toBe(
    'the second number is where the level ends: not below the first',
  )
})

test('a unit that falls silent says so once, and nothing stays good by silence', () => {
  const { read, told } = unit()
  read(0, { 'leak/1': { leak_state: 0 } })
  read(1, 'nothing')
  for (let second = 2; second < 30; second++) read(second, 'failed')
  read(30, { 'leak/1': { leak_state: 0 } })
  expect(told()).toEqual(['cdu-3 meter_silent open warning', 'cdu-3 meter_silent closed info'])
})

/** Limits of supply temperature that the unit keeps itself: a warning, and with `alarm` an alarm. */
const supplyLimits = (warning: number, alarm?: number): MeterLimits => {
  const high = (level: MeterLimit['level'], set: number): MeterLimit => ({
    side: 'high',
    level,
    set,
    reset: set - 2,
    delayMs: 0,
  })
  return {
    meter: null,
    point: 'secondary',
    metric: 'supply_temperature_celsius',
    limits: [high('warning', warning), ...(alarm === undefined ? [] : [high('alarm', alarm)])],
  }
}
const supply = (celsius: number) => ({ secondary: { supply_temperature_celsius: celsius } })

test('the device’s own limits stand in for the defaults of their side, and say whose they are', () => {
  const { read, events, told } = unit()
  read(0, supply(40), [supplyLimits(42, 48)])
  // 43 is no warning by default.
  read(1, supply(43))
  read(2, supply(49))
  read(3, supply(30))
  expect(told()).toEqual([
    'cdu-3 device_limits open info',
    'cdu-3 coolant_temperature open warning',
    'cdu-3 coolant_temperature open critical',
    'cdu-3 coolant_temperature closed info',
    'cdu-3 coolant_temperature closed info',
  ])
  expect(events[0]).toMatchObject({
    code: 'cdu-3/secondary supply_temperature_celsius high 42 48 device',
    message:
      'cdu-3/secondary: the device’s own limits of supply temperature: warning from 42.0 °C, alarm from 48.0 °C; they count',
    message_zh:
      'cdu-3/secondary：设备自带的供液温度限值：高于 42.0 °C 预警，高于 48.0 °C 报警；以此为准',
  })
  expect(events[1]).toMatchObject({
    message:
      'cdu-3/secondary: supply temperature 43.0 °C, warning at 42.0 °C, the device’s own limit',
    message_zh: 'cdu-3/secondary：供液温度 43.0 °C（设备自带预警限 42.0 °C）',
  })
})

test('what the site set is never replaced by the device, and the device’s limits are told as not in force', () => {
  const entry = {
    signal: 'supply_temperature_celsius',
    meters: 'cdu-3/*',
    high: { warn: [50, 48] },
  }
  const { read, events, told } = unit([entry])
  read(0, supply(49), [supplyLimits(42, 48)])
  read(1, supply(51))
  expect(told()).toEqual([
    'cdu-3 device_limits open info',
    'cdu-3 coolant_temperature open warning',
  ])
  expect(events[0]?.code).toMatch(/ site$/)
  expect(events[0]?.message).toMatch(/the site set others, which count$/)
  expect(events[1]?.message).toMatch(/warning at 50\.0 °C$/)
})

test('a side the device keeps no limits for has the defaults; limits of what is not watched change nothing', () => {
  const { read, told } = unit()
  const power = { ...supplyLimits(1), metric: 'power_watts' } as const
  const primary = { ...supplyLimits(44), point: 'primary' }
  read(0, supply(30), [power, primary])
  for (let second = 1; second < 20; second++)
    read(second, { primary: { supply_temperature_celsius: 8 } })
  expect(told()).toEqual([
    'cdu-3 device_limits open info',
    'cdu-3 coolant_temperature open warning',
  ])
})

test('limits that change end what was open by the old ones, and the same ones are told again once a day', () => {
  const { read, events, told } = unit()
  read(0, supply(43), [supplyLimits(42)])
  read(3600, supply(43), [supplyLimits(42)])
  expect(events).toHaveLength(2)
  read(7200, supply(43), [supplyLimits(46)])
  expect(told().slice(2)).toEqual([
    'cdu-3 device_limits closed info',
    'cdu-3 device_limits open info',
    'cdu-3 coolant_temperature closed info',
  ])
  expect(events.at(-1)?.message).toMatch(/its limits are others now$/)
  const before = events.length
  read(7200 + 86_400, supply(43), [supplyLimits(46)])
  expect(told().slice(before)).toEqual(['cdu-3 device_limits open info'])
  read(7200 + 86_401, supply(43), [{ ...supplyLimits(46), limits: [] }])
  expect(told().at(-1)).toBe('cdu-3 device_limits closed info')
})
