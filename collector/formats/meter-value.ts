import {
  isMeterMetricName,
  LEAK_STATES,
  meterMetricDefinition,
  type MeterMetricName,
  PUMP_STATES,
} from '#schemas/meter-metrics.ts'
import { isPlausible } from '#schemas/metrics.ts'
import { inMeterUnit, METER_UNITS, meterUnit, type MeterUnitName } from './meter-units.ts'

/** What a column, field or name of somebody else's is of ours. */
export interface Measure {
  readonly metric: MeterMetricName
  /** Null = the number is in our unit. */
  readonly unit: MeterUnitName | null
  readonly scale: number
}

/** Why a value is none of ours. */
export type ValueRefusal = 'unknown_metric' | 'unknown_unit' | 'not_a_number' | 'out_of_range'

const STATES: Partial<Record<MeterMetricName, readonly string[]>> = {
  leak_state: LEAK_STATES,
  pump_state: PUMP_STATES,
}

/** A metric and the unit its numbers come in. An empty unit is ours; one of another kind is refused. */
export function measureOf(metric: string, unit: string): Measure | ValueRefusal {
  if (!isMeterMetricName(metric)) return 'unknown_metric'
  if (unit.trim() === '') return { metric, unit: null, scale: 1 }
  const known = meterUnit(unit)
  if (known === null || METER_UNITS[known].to !== meterMetricDefinition(metric)?.unit)
    return 'unknown_unit'
  return { metric, unit: known, scale: 1 }
}

/** Texts that mean "no value". */
const BLANK = /^(?:|-+|n\/?a|nan|null|none|#n\/a|bad|offline)$/i
const NUMBER = /^[+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][+-]?\d{1,3})?$/

/** The canonical number in a text: null where there is no value, or why it is refused. States may be written by name. */
export function valueIn(
  text: string,
  measure: Measure,
  decimal: '.' | ',' = '.',
): number | null | ValueRefusal {
  const plain = text.trim()
  if (BLANK.test(plain)) return null
  const state = STATES[measure.metric]?.indexOf(plain.toLowerCase()) ?? -1
  if (state >= 0) return state
  const number = decimal === ',' ? plain.replace(',', '.') : plain
  return NUMBER.test(number) ? numberIn(Number(number), measure) : 'not_a_number'
}

/** A number in our unit, or why it is refused: it is never clipped. */
export function numberIn(value: number, { metric, unit, scale }: Measure): number | ValueRefusal {
  if (!Number.isFinite(value)) return 'not_a_number'
  const scaled = value * scale
  const canonical = unit === null ? scaled : inMeterUnit(scaled, unit)
  const definition = meterMetricDefinition(metric)
  if (definition === undefined || !isPlausible(definition, canonical)) return 'out_of_range'
  return definition.kind === 'enum' && !Number.isInteger(canonical) ? 'not_a_number' : canonical
}
