import {
  isPlausible,
  metricDefinition,
  type MetricName,
  type MetricValues,
} from '#schemas/metrics.ts'
import {
  isLinkMetricName,
  linkMetricDefinition,
  type LinkMetricValues,
} from '#schemas/node-metrics.ts'
import type { DeviceReading, LinkReading } from '#schemas/reading.ts'
import type { EventRecord } from '#schemas/records.ts'
import { detached, type Rejections } from '../../formats/rejections.ts'
import { activeFaults, chipEvents, healthCode } from './faults.ts'
import { type ReadMoment, staleChips } from './freshness.ts'
import { chipKeys, chipModel } from './identity.ts'
import { commonHolder } from './labels.ts'
import {
  CHIP,
  CHIP_RULES,
  CHIP_SUMS,
  type ChipRule,
  linkOf,
  MEMORY,
  toCanonical,
  VNPU_RULES,
} from './map.ts'
import type { ChipRows, ExporterPage, RejectReason, Sample, VnpuRows } from './parse.ts'
import { powerScope } from './power.ts'

export const VENDOR = 'huawei'

/** What a page says, chip by chip, in canonical units. */
export interface PageReadings {
  readonly devices: readonly DeviceReading[]
  readonly links: readonly LinkReading[]
  readonly events: readonly EventRecord[]
  readonly facts: Readonly<Record<string, string>>
}

type Refuse = Rejections<RejectReason>

/** Turns the rows of a page into devices, links and fault events. */
export function readPage(page: ExporterPage, moment: ReadMoment): PageReadings {
  const { chips, rejections } = page
  const stale = staleChips(chips, moment)
  const power = powerScope(page)
  const devices: DeviceReading[] = []
  const links: LinkReading[] = []
  const events: EventRecord[] = []
  const keyOf = new Map<number, { readonly key: string; readonly isStale: boolean }>()
  for (const chip of chips) {
    const keys = chipKeys(chip, chips)
    const key = keys[0] ?? ''
    const isStale = stale.has(chip)
    if (!isStale) dropStaleValues(chip, moment.staleAfterMs, rejections)
    const faults = isStale ? [] : activeFaults(chip, rejections)
    const status = chip.samples.get(`${CHIP}health_status`)?.value ?? null
    const isZero = !isStale && isZeroFilled(chip, rejections)
    const metrics = isStale || isZero ? {} : chipMetrics(chip, rejections)
    if (power.repeats.has(chip)) metrics.power_watts = null
    // A 1 beside zeros is a query that failed as well; a fault that is open is not.
    if (!isStale) metrics.health_code = isZero && status === 1 ? null : healthCode(status, faults)
    const own = isStale ? [] : chipLinks(chip, key, metrics, rejections)
    devices.push({
      ...describe(chip, keys),
      metrics,
      failed: isStale ? 'stale_values' : isUnread(metrics) ? 'no_readings' : null,
      labels: labelsOf(chip, power.repeats.has(chip) ? undefined : power.scopeOf.get(chip)),
    })
    links.push(...own)
    if (!isStale) events.push(...chipEvents(key, status, faults, eventTime(moment)))
    if (!keyOf.has(chip.id)) keyOf.set(chip.id, { key, isStale })
  }
  for (const vnpu of page.vnpus) {
    const parent = keyOf.get(vnpu.chip)
    const chip = chips.find(({ id }) => id === vnpu.chip)
    devices.push(vnpuDevice(vnpu, { parent, chip }, rejections))
  }
  noteMissingChips(page)
  return { devices, links, events, facts: power.facts }
}

/** Event times that the collector can believe; another one means "when it was read". */
function eventTime({ nowMs, staleAfterMs }: ReadMoment): (timestampMs: number | null) => number {
  return (timestampMs) => {
    if (timestampMs === null || timestampMs < 0) return 0
    return nowMs === null || Math.abs(nowMs - timestampMs) <= staleAfterMs ? timestampMs : 0
  }
}

/** A collector inside the exporter may hang while the others go on: its values are old, the chip's are not. */
function dropStaleValues(chip: ChipRows, staleAfterMs: number, rejections: Refuse): void {
  const newestMs = chip.newestMs
  if (newestMs === null) return
  for (const into of [chip.samples, chip.errorCodes])
    for (const [series, sample] of into)
      if (sample.timestampMs !== null && newestMs - sample.timestampMs > staleAfterMs) {
        rejections.add(sample.line, 'stale_value')
        into.delete(series)
      }
}

/** Metrics of which a working chip gives at least one; without any, it could not be read. */
const SIGNS_OF_LIFE = [
  'aicore_ratio',
  'npu_util_ratio',
  'power_watts',
  'temperature_celsius',
  'memory_used_bytes',
] as const satisfies readonly MetricName[]

/** Of an idle chip no two of these are 0: its queries failed, and its 0 % is no idleness. */
function isZeroFilled(chip: ChipRows, rejections: Refuse): boolean {
  const memory = chip.samples.has(MEMORY.hbm.total) ? MEMORY.hbm : MEMORY.ddr
  const zeros = [`${CHIP}temperature`, `${CHIP}power`, memory.total].flatMap((series) => {
    const sample = chip.samples.get(series)
    return sample?.value === 0 ? [sample] : []
  })
  const isBusy = ['utilization', 'overall_utilization'].some(
    (name) => (chip.samples.get(`${CHIP}${name}`)?.value ?? 0) > 0,
  )
  if (isBusy || zeros.length < 2) return false
  rejections.add(zeros[0]?.line ?? '', 'zero_filled_chip')
  return true
}

const isUnread = (metrics: MetricValues) =>
  SIGNS_OF_LIFE.every((name) => (metrics[name] ?? null) === null)

function chipMetrics(chip: ChipRows, rejections: Refuse): MetricValues {
  const metrics: MetricValues = {}
  const set = (metric: MetricName, value: number | null, line: string) => {
    metrics[metric] = plausible(metric, value, line, rejections)
  }
  for (const [series, rule] of CHIP_RULES) {
    const sample = chip.samples.get(series)
    if (sample !== undefined) set(rule.metric, canonical(sample, rule), sample.line)
  }
  for (const { metric, unit, of } of CHIP_SUMS) {
    const parts = of.flatMap((series) => chip.samples.get(series) ?? [])
    if (parts.length === 0) continue
    const isWhole = parts.length === of.length && parts.every(({ value }) => value !== null)
    const sum = parts.reduce((total, { value }) => total + (value ?? 0), 0)
    set(metric, isWhole ? toCanonical(sum, unit) : null, parts[0]?.line ?? '')
  }
  const memory = chip.samples.has(MEMORY.hbm.total) ? MEMORY.hbm : MEMORY.ddr
  const [used, total] = [chip.samples.get(memory.used), chip.samples.get(memory.total)]
  if (total !== undefined)
    set('memory_total_bytes', canonical(total, { ...MIB, zeroIsMissing: true }), total.line)
  // Without a total nothing was read, and a used 0 says nothing.
  if (used !== undefined)
    set(
      'memory_used_bytes',
      (metrics.memory_total_bytes ?? null) === null ? null : canonical(used, MIB),
      used.line,
    )
  if (chip.saysProcesses) metrics.process_count ??= chip.processIds.size
  const [tx, rx] = [metrics.scaleup_tx_bytes_per_second, metrics.scaleup_rx_bytes_per_second]
  if (typeof tx === 'number' && typeof rx === 'number') metrics.scaleup_bytes_per_second = tx + rx
  return metrics
}

const MIB = { unit: 'mib' } as const

function canonical(sample: Sample, rule: Pick<ChipRule, 'unit' | 'zeroIsMissing'>): number | null {
  const { value } = sample
  if (value === null || (value === 0 && rule.zeroIsMissing === true)) return null
  return toCanonical(value, rule.unit)
}

function plausible(
  metric: MetricName,
  value: number | null,
  line: string,
  rejections: Refuse,
): number | null {
  const definition = metricDefinition(metric)
  if (value === null || definition === undefined || isPlausible(definition, value)) return value
  rejections.add(line, 'out_of_range')
  return null
}

/** One reading per link; the chip's CRC errors are the sum over its links when all of them speak. */
function chipLinks(
  chip: ChipRows,
  deviceKey: string,
  metrics: MetricValues,
  rejections: Refuse,
): LinkReading[] {
  const links = new Map<string, LinkMetricValues>()
  let errors: number | null = 0
  let counted = 0
  for (const [series, sample] of chip.samples) {
    const found = linkOf(series)
    if (found === null) continue
    const { metric, unit } = found.rule
    const definition = linkMetricDefinition(metric)
    let value = sample.value === null ? null : toCanonical(sample.value, unit)
    if (value !== null && definition !== undefined && !isPlausible(definition, value)) {
      rejections.add(sample.line, 'out_of_range')
      value = null
    }
    const values = links.get(found.link) ?? {}
    if (isLinkMetricName(metric)) values[metric] = value
    links.set(found.link, values)
    if (metric !== 'link_crc_errors_total') continue
    counted += 1
    errors = errors === null || value === null ? null : errors + value
  }
  if (counted > 0) metrics.scaleup_errors_total = errors
  return [...links].map(([link, values]) => ({ node: null, deviceKey, link, metrics: values }))
}

function describe(chip: ChipRows, keys: readonly string[]) {
  const holders = chip.holders.size > 0 ? chip.holders : chip.joinedHolders
  return {
    keys,
    vendor: VENDOR,
    model: chipModel(chip),
    // The exporter names no node: the target does.
    node: null,
    index: chip.id,
    bus: chip.bus,
    parent: null,
    partition: null,
    holder: commonHolder([...holders.values()]),
  } as const
}

function labelsOf(chip: ChipRows, scope: 'package' | 'card' | undefined): Record<string, string> {
  const labels: [string, string | null][] = [
    ['phy_id', String(chip.id)],
    ['printed_model', chip.printedModel],
    ['serial', chip.serial],
    ['product_type', chip.productType],
    ['power_scope', scope ?? null],
    ['shared_by', chip.holders.size > 1 ? String(chip.holders.size) : null],
  ]
  return Object.fromEntries(
    labels.flatMap(([name, value]) =>
      value === null || value === '' ? [] : [[name, detached(value.slice(0, 256))]],
    ),
  )
}

interface VnpuPlace {
  readonly parent: { readonly key: string; readonly isStale: boolean } | undefined
  readonly chip: ChipRows | undefined
}

/** A slice is a partition of its chip. What share of the chip it is, the page does not say. */
function vnpuDevice(
  vnpu: VnpuRows,
  { parent, chip }: VnpuPlace,
  rejections: Refuse,
): DeviceReading {
  const metrics: MetricValues = {}
  const isStale = parent?.isStale === true
  if (!isStale)
    for (const [series, rule] of VNPU_RULES) {
      const sample = vnpu.samples.get(series)
      if (sample === undefined) continue
      metrics[rule.metric] = plausible(
        rule.metric,
        canonical(sample, rule),
        sample.line,
        rejections,
      )
    }
  const place = chip?.vdie ?? chip?.bus ?? `phy${vnpu.chip}`
  return {
    keys: [`slot:${place}/vnpu${vnpu.id}`],
    vendor: VENDOR,
    model: chip === undefined ? 'Ascend' : chipModel(chip),
    node: null,
    index: null,
    bus: chip?.bus ?? null,
    parent: parent?.key ?? `slot:phy${vnpu.chip}/0`,
    partition: {
      id: vnpu.id,
      profile: vnpu.aicores === null ? null : `${vnpu.aicores} AI Cores`,
      share: null,
    },
    holder: vnpu.holder,
    metrics,
    labels: { phy_id: String(vnpu.chip), v_dev_id: vnpu.id },
    failed: isStale ? 'stale_values' : isUnread(metrics) ? 'no_readings' : null,
  }
}

/** A scrape can be partial with status 200. With vNPUs the machine's count is of slices and says nothing. */
function noteMissingChips({ npuCount, chips, vnpus, rejections }: ExporterPage): void {
  if (npuCount === null || vnpus.length > 0 || npuCount <= chips.length) return
  rejections.add(`machine_npu_nums ${npuCount}, ${chips.length} on the page`, 'chips_missing')
}
