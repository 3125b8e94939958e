import type { MetricUnit } from '#schemas/metric-definition.ts'

/** A unit that meters and building systems print: what it is of ours, and how to get there. */
interface Unit {
  readonly to: MetricUnit
  readonly factor: number
  /** Added before the factor is applied. */
  readonly offset?: number
}

/** Units by the names that maps, headers and pushes use; `spellings` has the other ways to write them. */
export const METER_UNITS = {
  W: { to: 'watts', factor: 1 },
  kW: { to: 'watts', factor: 1e3 },
  MW: { to: 'watts', factor: 1e6 },
  VA: { to: 'voltamperes', factor: 1 },
  kVA: { to: 'voltamperes', factor: 1e3 },
  J: { to: 'joules', factor: 1 },
  Wh: { to: 'joules', factor: 3600 },
  kWh: { to: 'joules', factor: 3.6e6 },
  MWh: { to: 'joules', factor: 3.6e9 },
  A: { to: 'amperes', factor: 1 },
  mA: { to: 'amperes', factor: 1e-3 },
  V: { to: 'volts', factor: 1 },
  mV: { to: 'volts', factor: 1e-3 },
  kV: { to: 'volts', factor: 1e3 },
  Hz: { to: 'hertz', factor: 1 },
  ratio: { to: 'ratio', factor: 1 },
  '%': { to: 'ratio', factor: 0.01 },
  C: { to: 'celsius', factor: 1 },
  F: { to: 'celsius', factor: 5 / 9, offset: -32 },
  K: { to: 'celsius', factor: 1, offset: -273.15 },
  s: { to: 'seconds', factor: 1 },
  min: { to: 'seconds', factor: 60 },
  'L/min': { to: 'liters_per_minute', factor: 1 },
  'L/s': { to: 'liters_per_minute', factor: 60 },
  'm3/h': { to: 'liters_per_minute', factor: 1000 / 60 },
  Pa: { to: 'pascals', factor: 1 },
  kPa: { to: 'pascals', factor: 1e3 },
  MPa: { to: 'pascals', factor: 1e6 },
  bar: { to: 'pascals', factor: 1e5 },
  psi: { to: 'pascals', factor: 6894.757 },
  h: { to: 'count', factor: 1 },
  count: { to: 'count', factor: 1 },
  code: { to: 'code', factor: 1 },
  pH: { to: 'ph', factor: 1 },
  'S/m': { to: 'siemens_per_meter', factor: 1 },
  'uS/cm': { to: 'siemens_per_meter', factor: 1e-4 },
  NTU: { to: 'ntu', factor: 1 },
} as const satisfies Readonly<Record<string, Unit>>

export type MeterUnitName = keyof typeof METER_UNITS
export const METER_UNIT_NAMES = Object.keys(METER_UNITS).filter(
  (name): name is MeterUnitName => name in METER_UNITS,
)

const SPELLINGS: Readonly<Record<string, MeterUnitName>> = {
  '°C': 'C',
  '℃': 'C',
  degC: 'C',
  Cel: 'C',
  '°F': 'F',
  '℉': 'F',
  percent: '%',
  '%RH': '%',
  'kW.h': 'kWh',
  'l/min': 'L/min',
  LPM: 'L/min',
  'l/s': 'L/s',
  'm³/h': 'm3/h',
  'µS/cm': 'uS/cm',
  'μS/cm': 'uS/cm',
  watts: 'W',
  joules: 'J',
  celsius: 'C',
}

/** The unit that a text names, or null. Case counts: mW and MW are nine orders apart. */
export function meterUnit(text: string): MeterUnitName | null {
  const plain = text.trim()
  return METER_UNIT_NAMES.find((name) => name === plain) ?? SPELLINGS[plain] ?? null
}

/**
 * A value in our unit. Factors like 0.1 leave 230.10000000000002: digits beyond what any meter has are cut, never one of a
 * whole number.
 */
export function inMeterUnit(value: number, unit: MeterUnitName): number {
  const { factor, offset = 0 }: Unit = METER_UNITS[unit]
  return rounded((value + offset) * factor)
}

/** Without the rounding dust of binary fractions. */
export const rounded = (value: number): number =>
  Number.isInteger(value) ? value : Number(value.toPrecision(15))
