import {
  isPlausible,
  metricDefinition,
  type MetricName,
  type MetricValues,
} from '#schemas/metrics.ts'
import type { DeviceReading } from '#schemas/reading.ts'
import { detached, type Rejections } from '../../formats/rejections.ts'
import { pairBoards } from './boards.ts'
import type { RejectReason } from './lines.ts'
import { BOX_RULES, type CellRule, JSON_RULES, toCanonical } from './map.ts'
import type { Box, BoxCard } from './parse-box.ts'
import type { JsonCard } from './parse-json.ts'

const VENDOR = 'cambricon'

type Refuse = Rejections<RejectReason>

/** Cards of a box in canonical units; the power of a board is counted once. */
export function boxDevices(box: Box, rejections: Refuse): DeviceReading[] {
  const cards = uniqueCards(box.cards, rejections)
  const candidates = cards.map((card) => ({
    ...card,
    source: card,
    watts: card.cells.get('power_watts') ?? null,
  }))
  const pairing = pairBoards(candidates)
  const sourcesOf = (from: Iterable<{ readonly source: BoxCard }>) =>
    new Set([...from].map((candidate) => candidate.source))
  const [firsts, seconds] = [sourcesOf(pairing.firsts), sourcesOf(pairing.seconds)]
  for (const { source } of pairing.unclear) rejections.add(source.line, 'board_pair_unclear')
  return cards.map((card) => {
    const read = card.complete && !isOff(card) ? boxMetrics(card, rejections) : {}
    const failed = whyFailed(card, read)
    if (failed === 'zero_filled_row') rejections.add(card.line, 'zero_filled_row')
    const metrics = failed === null ? read : {}
    // The cap that both print is the board's as well.
    if (seconds.has(card) || card.vf !== null) {
      metrics.power_watts = null
      metrics.power_limit_watts = null
    }
    // The card's value once more, or the function's share of it: nobody says which.
    if (card.vf !== null) metrics.busy_ratio = null
    if (failed === null) metrics.process_count = processCount(box, card)
    const place = card.bus ?? `mlu${card.card}`
    return {
      keys: card.vf === null ? cardKeys(card) : [`slot:${place}/vf${card.vf}`],
      vendor: VENDOR,
      model: card.name === '' ? 'MLU' : detached(card.name),
      node: null,
      index: card.vf === null ? card.card : null,
      bus: card.bus === null ? null : detached(card.bus),
      parent: card.vf === null ? null : parentKey(card, cards),
      partition: card.vf === null ? null : { id: String(card.vf), profile: null, share: null },
      holder: null,
      metrics,
      labels: boxLabels(card, box, firsts.has(card)),
      failed,
    }
  })
}

/** Names of a card's place, the PCI address first: mlu-exporter knows no address, only the card's number. */
function cardKeys({ bus, card }: { readonly bus: string | null; readonly card: number | null }) {
  const places = [bus, card === null ? null : `mlu${card}`].filter((place) => place !== null)
  return (places.length === 0 ? ['mlu'] : places).map((place) => `slot:${detached(place)}/0`)
}

/** The card a virtual function is of; it has a bus address of its own. */
function parentKey({ card }: BoxCard, cards: readonly BoxCard[]): string {
  const whole = cards.find((other) => other.card === card && other.vf === null)
  return `slot:${whole?.bus ?? `mlu${card}`}/0`
}

function whyFailed(card: BoxCard, metrics: MetricValues): string | null {
  if (!card.complete) return 'row_incomplete'
  if (isOff(card)) return 'not_initialised'
  if (isZeroFilled(card)) return 'zero_filled_row'
  const isRead = Object.entries(metrics).some(
    ([name, value]) => value !== null && name !== 'power_limit_watts',
  )
  return isRead ? null : 'no_readings'
}

/** No idle card has two of these at 0: its queries failed, and its 0 % is no idleness. */
function isZeroFilled({ cells }: BoxCard): boolean {
  const signs = ['temperature_celsius', 'power_watts', 'memory_total_mib'] as const
  const isBusy = (cells.get('util_percent') ?? 0) > 0
  return !isBusy && signs.filter((cell) => cells.get(cell) === 0).length >= 2
}

const isOff = (card: BoxCard) => /^off$/i.test(card.inited ?? '')

function uniqueCards(cards: readonly BoxCard[], rejections: Refuse): BoxCard[] {
  const seen = new Map<string, BoxCard>()
  for (const card of cards) {
    const key = `${card.bus ?? card.card} ${card.vf}`
    if (seen.has(key)) rejections.add(card.line, 'duplicate_card')
    else seen.set(key, card)
  }
  return [...seen.values()]
}

function boxMetrics(card: BoxCard, rejections: Refuse): MetricValues {
  const metrics: MetricValues = {}
  for (const [cell, value] of card.cells) {
    const rule = BOX_RULES[cell]
    if (rule !== null) metrics[rule.metric] = canonical(value, rule, card.line, rejections)
  }
  // Without a total nothing was read, and a used 0 says nothing.
  if ((metrics.memory_total_bytes ?? null) === null) metrics.memory_used_bytes = null
  return metrics
}

function canonical(
  value: number | null,
  rule: CellRule,
  line: string,
  rejections: Refuse,
): number | null {
  if (value === null || (value === 0 && rule.zeroIsMissing === true)) return null
  return plausible(rule.metric, toCanonical(value, rule.unit), line, rejections)
}

function plausible(
  metric: MetricName,
  value: number,
  line: string,
  rejections: Refuse,
): number | null {
  const definition = metricDefinition(metric)
  if (definition === undefined || isPlausible(definition, value)) return value
  rejections.add(line, 'out_of_range')
  return null
}

/** Null without a process box, and when it was cut before it said anything. */
function processCount(box: Box, card: BoxCard): number | null {
  if (!box.hasProcessBox || card.vf !== null) return null
  if (box.processes.length === 0) return box.saysNoProcesses ? 0 : null
  return box.processes.filter((process) => process.card === card.card).length
}

function boxLabels(card: BoxCard, box: Box, isBoard: boolean): Record<string, string> {
  return labelsFrom([
    ['driver_version', card.driver ?? box.driverVersion],
    ['firmware_version', card.firmware],
    ['tool_version', box.toolVersion],
    ['virtual_mode', /^full$/i.test(card.mode ?? '') ? 'full' : card.mode],
    ['compute_mode', card.computeMode],
    ['power_scope', isBoard ? 'board' : null],
  ])
}

function labelsFrom(pairs: readonly (readonly [string, string | null])[]): Record<string, string> {
  return Object.fromEntries(
    pairs.flatMap(([name, value]) =>
      value === null || value === '' ? [] : [[name, detached(value.replace(/^v(?=\d)/, ''))]],
    ),
  )
}

/** Cards of `cnmon_info.json`. The fields we know hold no power. */
export function jsonDevices(cards: readonly JsonCard[], rejections: Refuse): DeviceReading[] {
  const seen = new Set<string>()
  return cards.flatMap((card) => {
    const places = cardKeys(card)
    const keys = card.uuid === null ? places : [`uuid:${card.uuid}`, ...places]
    const key = keys[0] ?? ''
    const line = `CnmonInfo ${key}`
    if (seen.has(key)) {
      rejections.add(line, 'duplicate_card')
      return []
    }
    seen.add(key)
    const metrics: MetricValues = {}
    JSON_RULES.forEach(({ rule }, at) => {
      metrics[rule.metric] = canonical(card.values[at] ?? null, rule, line, rejections)
    })
    if ((metrics.memory_total_bytes ?? null) === null) metrics.memory_used_bytes = null
    const pcie = [
      ['pcie_link_generation', card.pcie.generation],
      ['pcie_link_generation_max', card.pcie.generationMax],
      ['pcie_link_width', card.pcie.width],
      ['pcie_link_width_max', card.pcie.widthMax],
    ] as const
    for (const [metric, value] of pcie)
      if (value !== null && value > 0) metrics[metric] = plausible(metric, value, line, rejections)
    const isIndex = card.card !== null && Number.isInteger(card.card) && card.card >= 0
    const hasReading = Object.values(metrics).some((value) => value !== null)
    return {
      keys,
      vendor: VENDOR,
      model: card.name === '' ? 'MLU' : card.name,
      node: null,
      index: isIndex ? card.card : null,
      bus: card.bus,
      parent: null,
      partition: null,
      holder: null,
      metrics,
      labels: {},
      failed: hasReading ? null : 'no_readings',
    }
  })
}
