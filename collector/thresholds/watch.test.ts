import { expect, test } from 'vitest'
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
  const read = (second: number, points: Values | 'failed' | 'nothing') => {
    const meters =
      typeof points === 'string'
        ? []
        : Object.entries(points).map(([point, metrics]) => ({ meter: null, point, metrics }))
    const outcome = points === 'failed' ? 'failed' : 'ok'
    const said = { meters, outcome, reason: points === 'failed' ? 'timeout' : null } as const
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
