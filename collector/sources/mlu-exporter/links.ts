import type { MetricValues } from '#schemas/metrics.ts'
import { isPlausible } from '#schemas/metrics.ts'
import {
  type LinkMetricName,
  linkMetricDefinition,
  type LinkMetricValues,
} from '#schemas/node-metrics.ts'
import { LINK_RULES } from './map.ts'
import type { CardRows, ExporterPage } from './parse.ts'

type Links = ReadonlyMap<string, LinkMetricValues>

/** MLU-Link status: 0 disabled, 1 enabled, 2 negotiating (LLDP), 3 ready. */
const UP: ReadonlySet<number> = new Set([1, 3])
const CABLE_ABSENT = 0

/** Each MLU-Link of a card, in canonical units. */
export function cardLinks(card: CardRows, page: ExporterPage): Links {
  const links = new Map<string, LinkMetricValues>()
  for (const [id, samples] of card.links) {
    const values: LinkMetricValues = {}
    const status = samples.get('mlulink_status')?.value
    if (typeof status === 'number') values.link_up = UP.has(status) ? 1 : 0
    for (const [name, rule] of LINK_RULES) {
      const sample = samples.get(name)
      if (sample === undefined) continue
      const value = sample.value === null ? null : sample.value * rule.times
      const definition = linkMetricDefinition(rule.metric)
      const isFine = value === null || definition === undefined || isPlausible(definition, value)
      if (!isFine) page.rejections.add(sample.line, 'out_of_range')
      values[rule.metric] = isFine ? value : null
    }
    links.set(id, values)
  }
  return links
}

/** The card's sums over its links; null where one link that the card has does not speak. */
export function linkSums(card: CardRows, links: Links): MetricValues {
  const all = [...links.values()]
  const metrics: MetricValues = {}
  const sum = (name: LinkMetricName) => {
    const values = all.filter((link) => link[name] !== undefined)
    if (values.length === 0) return undefined
    return values.length < all.length || values.some((link) => link[name] === null)
      ? null
      : values.reduce((total, link) => total + (link[name] ?? 0), 0)
  }
  const [tx, rx] = [sum('link_tx_bytes_total'), sum('link_rx_bytes_total')]
  if (tx !== undefined) metrics.scaleup_tx_bytes_total = tx
  if (rx !== undefined) metrics.scaleup_rx_bytes_total = rx
  const [crc, errors] = [sum('link_crc_errors_total'), sum('link_errors_total')]
  if (crc !== undefined || errors !== undefined)
    metrics.scaleup_errors_total =
      crc === null || errors === null ? null : (crc ?? 0) + (errors ?? 0)
  const states = all.filter((link) => typeof link.link_up === 'number')
  if (states.length > 0) {
    metrics.scaleup_links_up = states.filter((link) => link.link_up === 1).length
    metrics.scaleup_links_down = downLinks(card, links)
  }
  return metrics
}

/** A port without a cable is not a link that went down. */
function downLinks(card: CardRows, links: Links): number {
  return [...links].filter(
    ([id, values]) =>
      values.link_up === 0 &&
      card.links.get(id)?.get('mlulink_cable_status')?.value !== CABLE_ABSENT,
  ).length
}
