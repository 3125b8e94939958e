import {
  isPlausible,
  metricDefinition,
  type MetricName,
  type MetricValues,
} from '#schemas/metrics.ts'
import {
  linkMetricDefinition,
  type LinkMetricName,
  type LinkMetricValues,
} from '#schemas/node-metrics.ts'
import { type DmonField, fieldOfHeader, linkFieldOfHeader, UUID_HEADER } from './map.ts'
import type { DmonRejections, DmonRow, RejectReason } from './parse.ts'

/** int64 blanks are 2^63 and a little more, all the same JS number. */
const INT64_BLANK = 9.2e18
const DOUBLE_BLANK = 140_737_488_355_328
const INT32_BLANK = 2_147_483_632
/** -1 read as unsigned: seen as utilization and as clock. */
const UINT32_GARBAGE = 4_294_967_295
/** No board has more pages waiting than this. */
const FLAG_MAX = 65_536
const NUMBER = /^-?\d{1,20}(?:\.\d{1,9})?$/

type Printed =
  | number
  | null
  | Extract<RejectReason, 'text_value' | 'cut_value' | 'blank_sentinel' | 'not_a_number'>

/** The number a cell holds; null for `N/A` and for a blank cell, which say that there is none. */
export function printedNumber(text: string, wide: boolean): Printed {
  if (text === 'N/A' || text === '') return null
  if (!NUMBER.test(text)) {
    if (/^<<<.*>>>$/.test(text)) return 'blank_sentinel'
    if (text.endsWith('...')) return 'cut_value'
    return /^[+-]?(?:nan|inf(?:inity)?)$/i.test(text) ? 'not_a_number' : 'text_value'
  }
  const value = Number(text)
  if (value >= INT64_BLANK) return 'blank_sentinel'
  const isBlank = value >= DOUBLE_BLANK || (value >= INT32_BLANK && value < INT32_BLANK + 4)
  if (value === UINT32_GARBAGE && !wide) return 'blank_sentinel'
  return isBlank && !wide ? 'blank_sentinel' : value
}

/** A native number in the metric's unit. */
export function canonical(field: DmonField, value: number, text: string, unit: string): number {
  const { scale } = field
  if (field.flag) return value > 0 && value <= FLAG_MAX ? 1 : value
  if (typeof scale === 'object') return (value * scale.times) / scale.over
  // A whole number is percent, a fraction a ratio: DCGM prints doubles with three decimals, integers plain.
  if (scale === 'percent') return text.includes('.') ? value : value / 100
  if (scale === 'megahertz') return value > 100_000 ? value : value * 1e6
  if (scale === 'mebibytes') return value >= 1_048_576 ? value : value * 1_048_576
  return unit === 'J' ? value : value / 1000
}

/** Which boards a row may speak for. */
export interface RowPlace {
  /** The row is of a MIG instance: the board's own values on it are copies. */
  readonly isInstance: boolean
  /** The board is cut into instances: it has no utilization of the old kind. */
  readonly isMig: boolean
}

/** Values of a device's row; columns without a metric are added to `ignored`. */
export function metricsOf(
  row: DmonRow,
  place: RowPlace,
  ignored: Set<string>,
  rejections: DmonRejections,
): MetricValues {
  const metrics: MetricValues = {}
  const ranks = new Map<MetricName, number>()
  for (const [at, name] of row.names.entries()) {
    const field = fieldOfHeader(name)
    if (field === undefined) {
      if (!isOfOtherRows(name)) ignored.add(name)
    } else if (!place.isInstance || field.level === 'own')
      put(metrics, ranks, field, valueOf(row, at, field, place, rejections))
  }
  addMemoryTotal(metrics)
  return metrics
}

/** The value of one cell, null where there is none; refusals are counted with what was printed. */
function valueOf(
  row: DmonRow,
  at: number,
  field: DmonField,
  place: RowPlace,
  rejections: DmonRejections,
): number | null {
  const text = row.cells[at] ?? ''
  const printed = printedNumber(text, field.wide)
  if (printed === null || (printed === 0 && field.zeroIsMissing)) return null
  const refuse = (reason: RejectReason) => {
    rejections.add(`${row.entity.kind} ${row.entity.id} ${field.header} ${text}`, reason)
    return null
  }
  if (typeof printed === 'string') return refuse(printed)
  if (field.level === 'whole' && place.isMig) return refuse('util_on_mig')
  const value = canonical(field, printed, text, row.units[at] ?? '')
  const definition = metricDefinition(field.metric)
  return definition !== undefined && isPlausible(definition, value) ? value : refuse('out_of_range')
}

/** Every row has a cell for every column; those of links and of devices are each other's blanks. */
const isOfOtherRows = (name: string) =>
  name === UUID_HEADER || fieldOfHeader(name) !== undefined || linkFieldOfHeader(name) !== undefined

function put(
  metrics: MetricValues,
  ranks: Map<MetricName, number>,
  field: DmonField,
  value: number | null,
): void {
  const held = metrics[field.metric] ?? null
  const heldRank = ranks.get(field.metric) ?? field.rank
  if (held === null) {
    metrics[field.metric] = value
    ranks.set(field.metric, field.rank)
  } else if (value !== null && field.rank < heldRank) {
    metrics[field.metric] = value
    ranks.set(field.metric, field.rank)
  } else if (value !== null && field.rank === heldRank && field.adds) {
    // One of them that never moved may print N/A, so it counts as 0 beside its twin.
    metrics[field.metric] = held + value
  }
}

/** Without a column of its own the total is the sum of its parts, give or take a MiB. */
function addMemoryTotal(metrics: MetricValues): void {
  const { memory_used_bytes: used, memory_free_bytes: free } = metrics
  if (metrics.memory_total_bytes !== undefined && metrics.memory_total_bytes !== null) return
  if (typeof used === 'number' && typeof free === 'number' && used + free > 0)
    metrics.memory_total_bytes = used + free + (metrics.memory_reserved_bytes ?? 0)
}

/** Values of a link's row. */
export function linkMetricsOf(
  row: DmonRow,
  ignored: Set<string>,
  rejections: DmonRejections,
): LinkMetricValues {
  const metrics: LinkMetricValues = {}
  const ranks = new Map<LinkMetricName, number>()
  for (const [at, name] of row.names.entries()) {
    const field = linkFieldOfHeader(name)
    if (field === undefined) {
      if (!isOfOtherRows(name)) ignored.add(name)
      continue
    }
    const text = row.cells[at] ?? ''
    const printed = printedNumber(text, true)
    const definition = linkMetricDefinition(field.metric)
    const value = typeof printed === 'number' ? printed * field.times : null
    const isGood = value === null || (definition !== undefined && isPlausible(definition, value))
    if (typeof printed === 'string' || !isGood)
      rejections.add(
        `${row.entity.kind} ${row.entity.id} LINK ${row.entity.link} ${name} ${text}`,
        typeof printed === 'string' ? printed : 'out_of_range',
      )
    else if (value !== null && field.rank < (ranks.get(field.metric) ?? 2)) {
      metrics[field.metric] = value
      ranks.set(field.metric, field.rank)
    } else metrics[field.metric] ??= null
  }
  return metrics
}
