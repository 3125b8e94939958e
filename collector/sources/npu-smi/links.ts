import { type MetricName, isPlausible } from '#schemas/metrics.ts'

import {
  type LinkMetricName,
  type LinkMetricValues,
  linkMetricDefinition,
} from '#schemas/node-metrics.ts'
import type { LinkReading } from '#schemas/reading.ts'
import { type DeviceDraft, deviceKeys, setMetric } from './devices.ts'
import { LIMITS, type Rejections } from './lines.ts'
import { LINK_FIELDS, type LinkRule } from './map.ts'
import type { FieldBlock } from './parse-fields.ts'

/** Counters of 64 bits have up to 20 digits; above 2^53 a number has no room and the value is refused. */
const LIST_NUMBER = /^\d{1,20}$/

/**
 * Adds the bracketed lists of a `-t hccs` answer: one value per link, numbered from 1 as the exporter does,
 * and their sums to the device. A list that is longer or shorter than others gives what it has.
 */
export function applyLinks(draft: DeviceDraft, block: FieldBlock, rejections: Rejections): void {
  for (const [key, rule] of Object.entries(LINK_FIELDS)) {
    const field = block.fields.get(key)
    if (field === undefined) continue
    listOf(field.value).forEach((printed, index) => {
      const value = linkValue(printed, rule)
      const definition = linkMetricDefinition(rule.metric)
      const isGood = value !== null && definition !== undefined && isPlausible(definition, value)
      if (!isGood && printed !== 'NA' && printed !== '-')
        rejections.add(`${field.name} ${index + 1}: ${printed}`, 'not_a_number')
      linkAt(draft, index + 1)[rule.metric] = isGood ? value : null
    })
  }
  if (draft.links.size === 0) return
  judgeLinks(draft, block)
  sumLinks(draft, rejections)
}

/** Links of a finished draft, under the device's first key. */
export function linkReadings(draft: DeviceDraft): LinkReading[] {
  const deviceKey = deviceKeys(draft)[0] ?? null
  return [...draft.links].map(([number, metrics]) => ({
    node: null,
    deviceKey,
    link: `hccs/${number}`,
    metrics,
  }))
}

function linkAt(draft: DeviceDraft, number: number): LinkMetricValues {
  const known = draft.links.get(number)
  if (known !== undefined) return known
  const made: LinkMetricValues = {}
  draft.links.set(number, made)
  return made
}

function listOf(value: string): string[] {
  return value
    .replaceAll(/[[\],]/g, ' ')
    .split(/\s+/)
    .filter((item) => item !== '')
    .slice(0, LIMITS.links)
}

function linkValue(printed: string, { unit }: LinkRule): number | null {
  // `1111`: one digit per lane, 1 = up. A link with any lane up carries traffic.
  if (unit === 'lanes') return /^[01]{1,16}$/.test(printed) ? Number(printed.includes('1')) : null
  const value = LIST_NUMBER.test(printed) ? Number(printed) : null
  if (value === null || !Number.isSafeInteger(value)) return null
  return unit === 'gigabit_per_second' ? (value * 1e9) / 8 : value
}

/** Without a lane list the lane mode tells a link that is down (0), or the chip's word speaks for all. */
function judgeLinks(draft: DeviceDraft, block: FieldBlock): void {
  const modes = listOf(block.fields.get('hccs lane mode')?.value ?? '')
  const isHealthy = block.fields.get('hccs health status')?.value.toUpperCase() === 'OK'
  for (const [number, link] of draft.links) {
    if (link.link_up !== undefined) continue
    const mode = modes[number - 1]
    if (mode !== undefined && /^\d{1,2}$/.test(mode)) link.link_up = Number(mode) > 0 ? 1 : 0
    else link.link_up = isHealthy ? 1 : null
  }
}

const SUMS: readonly (readonly [LinkMetricName, MetricName])[] = [
  ['link_tx_bytes_total', 'scaleup_tx_bytes_total'],
  ['link_rx_bytes_total', 'scaleup_rx_bytes_total'],
  ['link_errors_total', 'scaleup_errors_total'],
]

/** A sum over links is given only where every link gave its part: a partial sum would run backwards. */
function sumLinks(draft: DeviceDraft, rejections: Rejections): void {
  const links = [...draft.links.values()]
  for (const [part, whole] of SUMS) {
    const values = links.map((link) => link[part] ?? null)
    if (values.some((value) => value === null)) continue
    setMetric(
      draft,
      whole,
      values.reduce((sum: number, value) => sum + (value ?? 0), 0),
      rejections,
    )
  }
  const states = links.map((link) => link.link_up ?? null)
  if (states.some((state) => state === null)) return
  setMetric(draft, 'scaleup_links_up', states.filter((state) => state === 1).length, rejections)
  setMetric(draft, 'scaleup_links_down', states.filter((state) => state === 0).length, rejections)
}
