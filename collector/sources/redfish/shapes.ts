import { LEAK_STATES, PUMP_STATES } from '#schemas/meter-metrics.ts'
import { meterPart } from '#schemas/meter-id.ts'
import type { MeterReading } from '#schemas/reading.ts'
import { child, children, isJson, type Json, word } from './json.ts'
import { PUMP, SENSORS, TYPE_OF_UNIT } from './map.ts'
import { joined, lastSegment } from './points.ts'
import { counterOf, powerExtras, readingBy, readingOf, scaled } from './readings.ts'
import { isOff, numberIn, type Refusals, stateOf, timeIn } from './values.ts'

type Shape = (resource: Json, point: string, refusals: Refusals) => MeterReading[]

/** Types whose readings are not a flat list of properties. */
export const SHAPES: ReadonlyMap<string, Shape> = new Map(
  Object.entries<Shape>({
    Sensor: readSensor,
    Pump: readPump,
    LeakDetector: (resource, point, refusals) =>
      readingOf(point, { leak_state: leakState(resource, refusals) }),
    LeakDetection: readLeakDetection,
    Power: readPower,
    ThermalMetrics: readThermalMetrics,
  }),
)

const codeOf = (states: readonly string[], state: string) => states.indexOf(state)

/** Absent means no detector; switched off or offline means that it cannot say, whatever it said last. */
function leakState(detector: Json, refusals: Refusals): number {
  const state = stateOf(detector)
  const said = word(detector, 'DetectorState')
  if (state === 'Absent' || said === 'Absent') return codeOf(LEAK_STATES, 'absent')
  if (isOff(detector)) return codeOf(LEAK_STATES, 'unavailable')
  const code = codeOf(LEAK_STATES, said.toLowerCase())
  if (code !== -1) return code
  if (said !== '') refusals.add(`DetectorState ${said}`, 'unknown_state')
  return codeOf(LEAK_STATES, 'unavailable')
}

/** The summary of all detectors of a unit. One without a resource of its own is known by its device name. */
function readLeakDetection(resource: Json, point: string, refusals: Refusals): MeterReading[] {
  const summary = stateOf(resource)
  return children(resource, 'LeakDetectorGroups').flatMap((group, index) => {
    const detectors = children(group, 'Detectors').flatMap((detector, at) => {
      const uri = word(detector, 'DataSourceUri')
      const name = meterPart(uri === '' ? word(detector, 'DeviceName') : lastSegment(uri))
      const leak = `leak/${name === '' ? at + 1 : name}`
      // A summary that is off says nothing new of its detectors.
      const seen = isOff(resource) ? { Status: { State: summary } } : detector
      return readingOf(joined(point, leak), { leak_state: leakState(seen, refusals) })
    })
    if (isOff(resource)) return detectors
    const humidity = numberIn(group['HumidityPercent'], 'HumidityPercent', refusals)
    const air = humidity === null ? {} : { humidity_ratio: scaled(humidity, 0.01) }
    return [...detectors, ...readingOf(joined(point, `leak-group/${index + 1}`), air)]
  })
}

const STANDBY = new Set(['StandbyOffline', 'StandbySpare'])

/** A pump that should run and stands still is not told from one in reserve: both are standby, the flow tells. */
function readPump(resource: Json, point: string, refusals: Refusals): MeterReading[] {
  const state = (name: (typeof PUMP_STATES)[number]) => ({ pump_state: codeOf(PUMP_STATES, name) })
  if (STANDBY.has(stateOf(resource))) return readingOf(point, state('standby'))
  if (isOff(resource)) return readingOf(point, state('unavailable'))
  const [read] = readingBy(PUMP, { resource, point, refusals })
  const metrics = read?.metrics ?? {}
  if (word(child(resource, 'Status'), 'Health') === 'Critical')
    return readingOf(point, { ...metrics, ...state('failed') })
  const isStill = metrics.pump_speed_ratio === 0
  return readingOf(point, { ...metrics, ...state(isStill ? 'standby' : 'running') })
}

const unitOf = (units: Readonly<Record<string, number>>, unit: string) =>
  Object.hasOwn(units, unit) ? units[unit] : undefined

/** One sensor. Its unit must be one of its type's; a difference or a distance to a limit is no measured value. */
function readSensor(resource: Json, point: string, refusals: Refusals): MeterReading[] {
  const name = point === '' ? 'sensor' : point
  if (isOff(resource)) {
    refusals.add(`${name} ${stateOf(resource)}`, 'off')
    return []
  }
  const unit = word(resource, 'ReadingUnits')
  const type = word(resource, 'ReadingType') || (TYPE_OF_UNIT.get(unit) ?? '')
  const rule = SENSORS.get(type)
  if (!('Reading' in resource) && !('LifetimeReading' in resource)) return []
  const basis = word(resource, 'ReadingBasis')
  if (rule === undefined || (basis !== '' && basis !== 'Zero')) {
    refusals.add(`${name} ${type} ${unit} ${basis}`.trim(), 'no_meaning')
    return []
  }
  const factor = unit === '' ? Object.values(rule.units)[0] : unitOf(rule.units, unit)
  if (factor === undefined) {
    refusals.add(`${name} ${unit}`, 'unit')
    return []
  }
  const counter = rule.metric === 'energy_joules_total' ? counterOf(resource) : null
  const value = numberIn(counter === null ? resource : counter.value, name, refusals)
  if (value === null) return []
  const extras = rule.metric === 'power_watts' ? powerExtras(resource) : {}
  return readingOf(
    name,
    { [rule.metric]: scaled(value, factor), ...extras },
    { atMs: timeIn(resource, 'ReadingTime'), energyResetMs: counter?.resetMs ?? null },
  )
}

/** The older form of a chassis' power. Only its first control is the whole; others are parts of it. */
function readPower(resource: Json, point: string, refusals: Refusals): MeterReading[] {
  const [control] = children(resource, 'PowerControl').filter((one) => !isOff(one))
  const watts = numberIn(control?.['PowerConsumedWatts'], 'PowerConsumedWatts', refusals)
  const supplies = children(resource, 'PowerSupplies').flatMap((supply, index) => {
    if (isOff(supply)) return []
    const id = meterPart(word(supply, 'MemberId')) || String(index)
    const input = numberIn(supply['PowerInputWatts'], 'PowerInputWatts', refusals)
    const volts = numberIn(supply['LineInputVoltage'], 'LineInputVoltage', refusals)
    return readingOf(joined(point, `psu/${id}`), {
      ...(input === null ? {} : { power_watts: input }),
      ...(volts === null ? {} : { voltage_volts: volts }),
    })
  })
  return [...readingOf(point, watts === null ? {} : { power_watts: watts }), ...supplies]
}

/** Air where it enters and leaves. */
function readThermalMetrics(resource: Json, point: string, refusals: Refusals): MeterReading[] {
  const summary = child(resource, 'TemperatureSummaryCelsius')
  return ['Intake', 'Exhaust', 'Ambient', 'Internal'].flatMap((place) => {
    if (!isJson(summary[place])) return []
    const celsius = numberIn(summary[place], place, refusals)
    return readingOf(
      joined(point, place.toLowerCase()),
      celsius === null ? {} : { temperature_celsius: celsius },
    )
  })
}
