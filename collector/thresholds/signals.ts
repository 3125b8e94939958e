import { LEAK_STATES, PUMP_STATES } from '#schemas/meter-metrics.ts'
import type { MeterSampleRecord } from '#schemas/records.ts'

/** What a threshold may watch: metrics, and figures made of several of them. */
export const SIGNALS = [
  'supply_temperature_celsius',
  'return_temperature_celsius',
  'temperature_celsius',
  'flow_liters_per_minute',
  'supply_pressure_pascals',
  'filter_pressure_drop_pascals',
  'reservoir_level_ratio',
  'coolant_ph',
  'coolant_conductivity_siemens_per_meter',
  'coolant_turbidity_ntu',
  'humidity_ratio',
  'load_ratio',
  /** Flow by the rated flow; where nobody says what is rated, by the usual flow of the last minutes. */
  'flow_share',
  /** Supply temperature minus the room's dew point, kelvin. */
  'dew_point_margin',
  /** 0 ok, 1 warning, 2 critical. */
  'leak',
  /** 1 while a detector cannot say. */
  'leak_detector_unavailable',
  /** 1 while a pump is failed. */
  'pump_failed',
] as const
export type Signal = (typeof SIGNALS)[number]

/** One value to hold against thresholds. */
export interface SignalValue {
  readonly signal: Signal
  readonly meter: string
  readonly value: number
}

/** The usual flow settles over this time, ms; it is believed once it was watched for a minute. */
const USUAL_OVER_MS = 600_000
const USUAL_AFTER_MS = 60_000
/** Below this share the flow is not usual, whatever comes: a slow loss must not become the new normal. */
const USUAL_FROM = 0.85

interface UsualFlow {
  value: number
  readonly sinceMs: number
  lastMs: number
}

/** What is remembered between samples: rated and usual flow of points, dew points of things. */
export interface SignalMemory {
  readonly rated: Map<string, number>
  readonly usual: Map<string, UsualFlow>
  readonly dewPoint: Map<string, number>
}

export const newSignalMemory = (): SignalMemory => ({
  rated: new Map(),
  usual: new Map(),
  dewPoint: new Map(),
})

/** Metrics that a signal is made of: nearly all samples are of outlets, and have none. */
const WATCHED: ReadonlySet<string> = new Set([
  ...SIGNALS,
  'dew_point_celsius',
  'rated_flow_liters_per_minute',
  'leak_state',
  'pump_state',
])
const NO_SIGNALS: readonly SignalValue[] = []

function isWatched(values: Readonly<Record<string, number>>): boolean {
  for (const name in values) if (WATCHED.has(name)) return true
  return false
}

/** The signals of one sample; keeps what later ones need in the memory. */
export function signalsOf(
  { meter, values, at_ms: atMs }: MeterSampleRecord,
  memory: SignalMemory,
): readonly SignalValue[] {
  if (!isWatched(values)) return NO_SIGNALS
  const found: SignalValue[] = []
  const add = (signal: Signal, value: number | undefined) => {
    if (value !== undefined) found.push({ signal, meter, value })
  }
  for (const signal of SIGNALS) add(signal, values[signal])
  const thing = thingOf(meter)
  const dew = values['dew_point_celsius']
  if (dew !== undefined) memory.dewPoint.set(thing, dew)
  const known = memory.dewPoint.get(thing)
  const supply = values['supply_temperature_celsius']
  if (known !== undefined && supply !== undefined && !meter.endsWith('/primary'))
    add('dew_point_margin', supply - known)
  const rated = values['rated_flow_liters_per_minute']
  if (rated !== undefined && rated > 0) memory.rated.set(meter, rated)
  const flow = values['flow_liters_per_minute']
  if (flow !== undefined) add('flow_share', flowShare(memory, meter, flow, atMs))
  addStates(values, add)
  return found
}

function addStates(
  values: Readonly<Record<string, number>>,
  add: (signal: Signal, value: number | undefined) => void,
): void {
  const leak = LEAK_STATES[values['leak_state'] ?? -1]
  if (leak === 'ok' || leak === 'warning' || leak === 'critical')
    add('leak', LEAK_STATES.indexOf(leak))
  if (leak !== undefined && leak !== 'absent')
    add('leak_detector_unavailable', leak === 'unavailable' ? 1 : 0)
  const pump = PUMP_STATES[values['pump_state'] ?? -1]
  if (pump !== undefined && pump !== 'unavailable') add('pump_failed', pump === 'failed' ? 1 : 0)
}

function flowShare(
  { rated, usual }: SignalMemory,
  meter: string,
  flow: number,
  atMs: number,
): number | undefined {
  const plate = rated.get(meter)
  if (plate !== undefined) return flow / plate
  const before = usual.get(meter)
  if (before === undefined) {
    if (flow > 0) usual.set(meter, { value: flow, sinceMs: atMs, lastMs: atMs })
    return undefined
  }
  const share = flow / before.value
  if (share >= USUAL_FROM) {
    const weight = Math.min(1, Math.max(0, atMs - before.lastMs) / USUAL_OVER_MS)
    before.value += (flow - before.value) * weight
    before.lastMs = atMs
  }
  return atMs - before.sinceMs >= USUAL_AFTER_MS ? share : undefined
}

/** `cdu-3` of `cdu-3/secondary`. */
export const thingOf = (meter: string): string => meter.split('/', 1)[0] ?? meter
