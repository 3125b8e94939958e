import type { MetricDefinition } from '#schemas/metric-definition.ts'

/** A unit that devices count in: what it is of ours, and how to get there. */
export interface Unit {
  readonly to: MetricDefinition['unit']
  readonly factor: number
  /** Added before the factor is applied. */
  readonly offset?: number
}

/** Units of SNMP devices by the names that profiles use. */
export const UNITS = {
  W: { to: 'watts', factor: 1 },
  kW: { to: 'watts', factor: 1000 },
  VA: { to: 'voltamperes', factor: 1 },
  kVA: { to: 'voltamperes', factor: 1000 },
  J: { to: 'joules', factor: 1 },
  Wh: { to: 'joules', factor: 3600 },
  kWh: { to: 'joules', factor: 3.6e6 },
  A: { to: 'amperes', factor: 1 },
  mA: { to: 'amperes', factor: 0.001 },
  V: { to: 'volts', factor: 1 },
  mV: { to: 'volts', factor: 0.001 },
  Hz: { to: 'hertz', factor: 1 },
  ratio: { to: 'ratio', factor: 1 },
  '%': { to: 'ratio', factor: 0.01 },
  C: { to: 'celsius', factor: 1 },
  F: { to: 'celsius', factor: 5 / 9, offset: -32 },
  s: { to: 'seconds', factor: 1 },
  min: { to: 'seconds', factor: 60 },
  timeticks: { to: 'seconds', factor: 0.01 },
  'L/min': { to: 'liters_per_minute', factor: 1 },
  'm3/h': { to: 'liters_per_minute', factor: 1000 / 60 },
  Pa: { to: 'pascals', factor: 1 },
  kPa: { to: 'pascals', factor: 1000 },
  bar: { to: 'pascals', factor: 100_000 },
  psi: { to: 'pascals', factor: 6894.757 },
  h: { to: 'count', factor: 1 },
  code: { to: 'code', factor: 1 },
  pH: { to: 'ph', factor: 1 },
  'uS/cm': { to: 'siemens_per_meter', factor: 0.0001 },
  NTU: { to: 'ntu', factor: 1 },
} as const satisfies Readonly<Record<string, Unit>>

export type UnitName = keyof typeof UNITS
export const UNIT_NAMES = Object.keys(UNITS).filter((name): name is UnitName => name in UNITS)

/** A raw value in our unit. Factors like 0.1 leave 230.10000000000002: digits beyond what any meter has are cut. */
export function toCanonical(raw: number, scale: number, { factor, offset = 0 }: Unit): number {
  return Number(((raw * scale + offset) * factor).toPrecision(15))
}
