import {
  isPlausible,
  metricDefinition,
  type MetricName,
  type MetricValues,
} from '#schemas/metrics.ts'
import type { Form } from './capture.ts'
import { METRIC_RULES, type MetricRule, summands } from './map.ts'
import { type NativeNames, REASON_RULES, ROLES } from './map-facts.ts'
import type { Refusals } from './refusals.ts'
import { type Cell, type NoValue, noValueWord, readFlag, readValue } from './values.ts'

type Fields = ReadonlyMap<string, Cell>

/** The first cell that the output has under one of the names. */
export function cellOf(fields: Fields, names: NativeNames, form: Form): Cell | undefined {
  for (const name of names[form]) {
    const cell = fields.get(name)
    if (cell !== undefined) return cell
  }
  return undefined
}

/** Metrics of one block in canonical units. A metric the output does not speak of is left out; null = no value. */
export function readMetrics(
  fields: Fields,
  form: Form,
  refusals: Refusals,
  rules: readonly MetricRule[] = METRIC_RULES,
): MetricValues {
  const metrics: MetricValues = {}
  for (const rule of rules) {
    const found = readRule(fields, rule, form)
    if (found === null) continue
    metrics[rule.metric] = checked(rule.metric, found, refusals)
  }
  return metrics
}

interface Found {
  readonly value: number | null
  readonly why: NoValue | null
  /** What was printed, for the example of a refusal. */
  readonly line: string
}

/** The first entry with a number, its summands added; else why the first printed one has none; null = not printed. */
function readRule(fields: Fields, rule: MetricRule, form: Form): Found | null {
  let missing: Found | null = null
  for (const entry of rule[form]) {
    let sum: number | null = null
    for (const name of summands(entry)) {
      const cell = fields.get(name)
      if (cell === undefined) continue
      const { value, why } = readValue(cell, rule.kind)
      const line = `${name}: ${cell.text}`
      if (value === null) missing ??= { value: null, why, line }
      else if (value === 0 && rule.zeroIsMissing === true)
        missing ??= { value: null, why: 'not_available', line }
      else sum = (sum ?? 0) + value
    }
    if (sum !== null) return { value: sum, why: null, line: entry }
  }
  return missing
}

function checked(metric: MetricName, { value, why, line }: Found, refusals: Refusals) {
  const definition = metricDefinition(metric)
  if (why !== null) refusals.add(line, why)
  if (value === null) return null
  if (definition !== undefined && isPlausible(definition, value)) return value
  refusals.add(`${line}: ${value}`, 'out_of_range')
  return null
}

/** Named reasons that must be known before their bits are a mask: a lone column says nothing of the others. */
const REASONS_NEEDED = 5

/** NVML's bit mask of clock-event reasons, as printed or from its named booleans. */
export function readReasons(fields: Fields, form: Form, refusals: Refusals): number | null {
  const mask = cellOf(fields, ROLES.reasons_mask, form)
  if (mask !== undefined && /^0x[0-9a-f]{1,16}$/i.test(mask.text)) {
    const bits = Number(mask.text)
    if (bits <= 0xffff_ffff) return bits
    refusals.add(mask.text, 'out_of_range')
  }
  let bits = 0
  let known = 0
  for (const rule of REASON_RULES) {
    const flag = readFlag(cellOf(fields, rule, form)?.text ?? '')
    if (flag === null) continue
    known += 1
    if (flag) bits += rule.bit
  }
  if (known >= REASONS_NEEDED) return bits
  if (mask !== undefined) refusals.add(mask.text, noValueWord(mask.text) ?? 'not_a_number')
  return null
}

/** What every board can say; where all that was printed of it is an error, the board cannot be read. */
const CORE: readonly MetricName[] = [
  'gpu_util_ratio',
  'power_watts',
  'temperature_celsius',
  'memory_used_bytes',
]

/** Why a board as a whole cannot be read, from the words that stand in its fields; null when it can. */
export function boardFailure(fields: Fields, form: Form): string | null {
  for (const { text } of fields.values()) {
    const word = noValueWord(text)
    if (word === 'gpu_is_lost' || word === 'requires_reset') return word
  }
  const core = METRIC_RULES.filter(({ metric }) => CORE.includes(metric))
  const printed = core.flatMap((rule) => readRule(fields, rule, form) ?? [])
  const isBroken = printed.length >= 2 && printed.every(({ why }) => why === 'unknown_error')
  return isBroken ? 'unknown_error' : null
}
