import type { MetricName } from '#schemas/metrics.ts'
import { type DeviceDraft, canonicalVdie, setLabel, setMetric } from './devices.ts'
import { canonicalFaultCode } from '../../vendors/ascend-faults.ts'
import { type Rejections, busOrNull, numberOrNull } from './lines.ts'
import { applyLinks } from './links.ts'
import {
  FIELD_IGNORED,
  FIELD_LABELS,
  FIELD_METRICS,
  FIELD_STRUCTURE,
  LINK_FIELDS,
  type MetricRule,
  type NativeUnit,
  WATCH_METRICS,
  healthCode,
  toCanonical,
} from './map.ts'
import type { WatchRow } from './parse-columns.ts'
import type { Field, FieldBlock } from './parse-fields.ts'
import { is310P } from './model.ts'
import { isA3, takeRating } from './table-devices.ts'

const FAULT_CODES_MAX = 32
const IGNORED: ReadonlySet<string> = new Set(FIELD_IGNORED)
const STRUCTURE: ReadonlySet<string> = new Set(FIELD_STRUCTURE)

/**
 * Adds a chip's block to its device. What is already known wins: the box is newer than a slow answer
 * beside it. Native names without a canonical metric go to `ignored`.
 */
export function applyBlock(
  draft: DeviceDraft,
  block: FieldBlock,
  ignored: Set<string>,
  rejections: Rejections,
): void {
  applyIdentity(draft, block)
  if (draft.failed === null) {
    applyMetrics(draft, block, rejections)
    applyLinks(draft, block, rejections)
    if (block.processes !== null) setMetric(draft, 'process_count', block.processes, rejections)
  }
  applyHealth(draft, block)
  applyLabels(draft, block)
  collectIgnored(block, ignored)
}

/**
 * Adds a card-level block (no chip id) to each chip of the card: facts, and the power of the card, once, on
 * its first chip. No other measured value of a card is one of its chips.
 */
export function applyCardBlock(
  draft: DeviceDraft,
  block: FieldBlock,
  ignored: Set<string>,
  rejections: Rejections,
): void {
  applyLabels(draft, block)
  collectIgnored(block, ignored)
  for (const [key, field] of block.fields) {
    const rule = FIELD_METRICS[key]
    if (rule === undefined) continue
    if (rule.metric !== 'power_watts') ignored.add(field.name)
    else if (draft.chip === 0 && draft.failed === null) {
      fill(draft, rule, numberOrNull(field.value), rejections)
      if ((draft.metrics.power_watts ?? null) !== null) setLabel(draft, 'power_scope', 'card')
    }
  }
}

/** Adds the last `watch` row of a chip. */
export function applyWatch(
  draft: DeviceDraft,
  row: WatchRow,
  ignored: Set<string>,
  rejections: Rejections,
): void {
  if (draft.failed !== null) return
  if (row.values.get('pwr') === 0 && row.values.get('temp') === 0) {
    failZeroFilled(draft, rejections)
    return
  }
  for (const [name, value] of row.values) {
    const rule = WATCH_METRICS[name]
    if (rule !== undefined) fill(draft, rule, value, rejections)
    else if (name !== 'npuid' && name !== 'chipid') ignored.add(name)
  }
}

/** Two zeros that cannot be: the query failed, and nothing else of this chip is to be trusted. */
function failZeroFilled(draft: DeviceDraft, rejections: Rejections): void {
  draft.failed = 'zero_filled_row'
  for (const { metric } of Object.values(WATCH_METRICS)) draft.metrics[metric] = null
  draft.metrics.health_code = null
  rejections.add(`NPU ${draft.npu ?? '?'} chip ${draft.chip} watch`, 'zero_filled_row')
}

function applyMetrics(draft: DeviceDraft, block: FieldBlock, rejections: Rejections): void {
  const sums = new Map<MetricName, Sum>()
  for (const [key, rule] of Object.entries(FIELD_METRICS)) {
    const field = block.fields.get(key)
    if (field === undefined) continue
    const value = numberOrNull(field.value)
    if (value === null && !isBlank(field.value))
      rejections.add(`${field.name}: ${field.value}`, 'not_a_number')
    if (rule.combine !== 'sum') fill(draft, rule, value, rejections)
    else
      sums.set(rule.metric, added(sums.get(rule.metric), counted(field, value, rejections), rule))
  }
  for (const [metric, { value, unit, isWhole }] of sums) {
    // A sum without one of its parts would run backwards; a flag is up when any part says so.
    const isKnown = isWhole || (unit === 'flag' && value > 0)
    setMetric(draft, metric, isKnown ? toCanonical(value, unit) : null, rejections)
  }
}

interface Sum {
  readonly value: number
  readonly unit: NativeUnit
  readonly isWhole: boolean
}

function added(sum: Sum | undefined, value: number | null, { unit }: MetricRule): Sum {
  return {
    value: (sum?.value ?? 0) + (value ?? 0),
    unit,
    isWhole: (sum?.isWhole ?? true) && value !== null,
  }
}

/** All bits set is how the driver says that a counter could not be read. */
function counted(field: Field, value: number | null, rejections: Rejections): number | null {
  if (value !== 0xffff_ffff && value !== -1) return value
  rejections.add(`${field.name}: ${field.value}`, 'out_of_range')
  return null
}

/** Writes a value where none is known yet. The power of a shared board is written on its chip 0 only. */
function fill(
  draft: DeviceDraft,
  rule: MetricRule,
  printed: number | null,
  rejections: Rejections,
): void {
  if ((draft.metrics[rule.metric] ?? null) !== null) return
  const missing = printed === null || (printed === 0 && rule.zeroIsMissing === true)
  if (rule.metric === 'power_watts' && sharesPower(draft)) {
    draft.metrics.power_watts ??= null
    return
  }
  setMetric(draft, rule.metric, missing ? null : toCanonical(printed, rule.unit), rejections)
  if (rule.metric === 'power_watts') scopePower(draft)
}

/** Chips after the first of an A3 package or a 300I Duo card repeat the power of the whole. */
function sharesPower(draft: DeviceDraft): boolean {
  return draft.chip > 0 && (isA3(draft) || is310P(draft.printedName))
}

/** What a power figure that the box did not print is: the card's on a 310P, a rating on a 310. */
function scopePower(draft: DeviceDraft): void {
  takeRating(draft)
  if ((draft.metrics.power_watts ?? null) !== null && is310P(draft.printedName))
    setLabel(draft, 'power_scope', 'card')
}

function applyIdentity(draft: DeviceDraft, block: FieldBlock): void {
  const text = (key: string) => block.fields.get(key)?.value
  draft.vdie ??= canonicalVdie(text('vdie id') ?? text('ddie id') ?? '')
  if (draft.vdie === null && text('vdie id') === 'NA' && text('ddie id') === undefined)
    draft.isVirtual = true
  draft.bus ??= busOrNull(text('pcie bus info'))
  const name = text('chip name')
  if (draft.printedName === '' && name !== undefined && name !== 'NA') draft.printedName = name
}

function applyHealth(draft: DeviceDraft, block: FieldBlock): void {
  const word = block.fields.get('health status') ?? block.fields.get('health')
  if (word !== undefined && draft.failed !== 'zero_filled_row') {
    // The health query itself is newer and finer than the word in the box.
    draft.metrics.health_code = healthCode(word.value)
    if (draft.metrics.health_code === null) setLabel(draft, 'health_word', word.value)
  }
  for (const text of (block.fields.get('error code')?.value ?? '').split(/[\s,]+/)) {
    const code = text.length >= 4 ? canonicalFaultCode(text) : null
    if (code === null || draft.faultCodes.includes(code)) continue
    if (draft.faultCodes.length < FAULT_CODES_MAX) draft.faultCodes.push(code)
  }
  const information = block.fields.get('error information')?.value ?? ''
  if (!isBlank(information)) draft.faultText = information
}

function applyLabels(draft: DeviceDraft, block: FieldBlock): void {
  for (const [key, label] of Object.entries(FIELD_LABELS)) {
    const field = block.fields.get(key)
    if (field !== undefined && !draft.labels.has(label)) setLabel(draft, label, field.value)
  }
}

function collectIgnored(block: FieldBlock, ignored: Set<string>): void {
  for (const [key, field] of block.fields)
    if (IGNORED.has(key) || !isEmitted(key)) ignored.add(printedName(field))
}

function isEmitted(key: string): boolean {
  return key in FIELD_METRICS || key in FIELD_LABELS || key in LINK_FIELDS || STRUCTURE.has(key)
}

function printedName(field: Field): string {
  return field.name
}

function isBlank(value: string): boolean {
  return value === '' || value === '-' || value === 'NA' || value === 'N/A'
}
