import type { Holder } from '#schemas/batch.ts'
import {
  HEALTH_CODES,
  isPlausible,
  metricDefinition,
  type MetricName,
  type MetricValues,
} from '#schemas/metrics.ts'
import type { DeviceReading, LinkReading } from '#schemas/reading.ts'
import type { EventRecord } from '#schemas/records.ts'
import { detached } from '../../formats/rejections.ts'
import { cardEvents, type ReadMoment, rememberCard } from './faults.ts'
import { cardLinks, linkSums } from './links.ts'
import { DEVICE_RULES, FLAG_RULES, SUM_RULES, VIRTUAL_MODES } from './map.ts'
import type { CardRows, ExporterPage, Sample } from './parse.ts'
import { slicesOf } from './slices.ts'

export const VENDOR = 'cambricon'

export interface PageReadings {
  readonly devices: readonly DeviceReading[]
  readonly links: readonly LinkReading[]
  readonly events: readonly EventRecord[]
}

/** Turns the rows of a page into devices, slices, links and fault events, in canonical units. */
export function readPage(page: ExporterPage, moment: ReadMoment): PageReadings {
  const repeats = boardRepeats(page.cards)
  const devices: DeviceReading[] = []
  const links: LinkReading[] = []
  const events: EventRecord[] = []
  for (const card of page.cards) {
    const keys = cardKeys(card)
    const key = keys[0] ?? ''
    const own = cardLinks(card, page)
    const isZero = isZeroFilled(card, page)
    const metrics = isZero ? {} : { ...cardMetrics(card, page), ...linkSums(card, own) }
    // Of a card that is not read, only that it is sick is believed.
    const sick = { health_code: card.isUnhealthy === true ? HEALTH_CODES.alarm : null }
    const isDown = card.samples.get('driver_state')?.value === 0
    const failed = isDown ? 'driver_not_running' : isUnread(metrics) ? 'no_readings' : null
    if (repeats.has(card)) for (const name of BOARD_FIGURES) metrics[name] = null
    devices.push({
      keys,
      vendor: VENDOR,
      model: card.facts.model === '' ? 'MLU' : card.facts.model,
      node: card.facts.node === '' ? null : card.facts.node,
      index: /^\d{1,4}$/.test(card.facts.mlu) ? Number(card.facts.mlu) : null,
      bus: null,
      parent: null,
      partition: null,
      holder: holderOf(card),
      metrics: isDown || isZero ? sick : metrics,
      labels: labelsOf(card, isBoard(card) && !repeats.has(card)),
      failed,
    })
    devices.push(...slicesOf(card, key, failed))
    if (!isDown)
      links.push(
        ...[...own].map(([id, values]) => ({
          node: card.facts.node === '' ? null : card.facts.node,
          deviceKey: key,
          link: `mlulink/${id}`,
          metrics: values,
        })),
      )
    events.push(...cardEvents(card, key, moment))
    rememberCard(card, moment)
  }
  return { devices, links, events }
}

/** The uuid, and the card's number as cnmon prints it: only there do the two tools meet. */
function cardKeys({ uuid, facts }: CardRows): string[] {
  const slot = /^\d{1,4}$/.test(facts.mlu) || uuid === '' ? [`slot:mlu${facts.mlu}/0`] : []
  return uuid === '' ? slot : [`uuid:${uuid}`, ...slot]
}

/** What both cards of a board print for the board: summed over a fleet it must count once. */
const BOARD_FIGURES = [
  'power_watts',
  'power_limit_watts',
  'power_limit_default_watts',
  'power_limit_max_watts',
] as const satisfies readonly MetricName[]

/** An MLU370-X8 is one board with two cards; both print the power of the board. */
const isBoard = (card: CardRows) => /370-?X8/i.test(card.facts.model)

/**
 * Cards whose power is counted on another card of the same board. The serial number says which share a board;
 * of a model that is not known to be a double one, only equal watts do.
 */
function boardRepeats(cards: readonly CardRows[]): ReadonlySet<CardRows> {
  const firstOf = new Map<string, CardRows>()
  const repeats = new Set<CardRows>()
  for (const card of cards) {
    const { sn, node } = card.facts
    if (/^(?:0*|N\/?A|unknown)$/i.test(sn)) continue
    const board = JSON.stringify([node, sn])
    const first = firstOf.get(board)
    const watts = (of: CardRows) => of.samples.get('power_usage')?.value ?? null
    if (first === undefined) firstOf.set(board, card)
    else if (isBoard(card) && watts(first) === null) {
      // The first one's reading vanished: the board's power is what the other one prints.
      repeats.add(first)
      firstOf.set(board, card)
    } else if (isBoard(card) || watts(first) === watts(card)) repeats.add(card)
  }
  return repeats
}

const SIGNS_OF_LIFE = [
  'busy_ratio',
  'power_watts',
  'temperature_celsius',
  'memory_used_bytes',
] as const satisfies readonly MetricName[]

/** Of an idle card no two of these are 0: its queries failed, and its 0 % is no idleness. */
function isZeroFilled({ samples }: CardRows, { rejections }: ExporterPage): boolean {
  const signs = ['chip_temperature', 'temperature', 'power_usage', 'memory_total']
  const zeros = signs.flatMap((name) => {
    const sample = samples.get(name)
    return sample?.value === 0 ? [sample] : []
  })
  const isAlive = ['chip_temperature', 'temperature', 'utilization'].some(
    (name) => (samples.get(name)?.value ?? 0) > 0,
  )
  const isFilled = zeros.length >= 2 && !isAlive
  if (isFilled) rejections.add(zeros[0]?.line ?? '', 'zero_filled_card')
  return isFilled
}

const isUnread = (metrics: MetricValues) =>
  SIGNS_OF_LIFE.every((name) => (metrics[name] ?? null) === null)

function cardMetrics(card: CardRows, page: ExporterPage): MetricValues {
  const metrics: MetricValues = {}
  const set = (metric: MetricName, value: number | null, line: string) => {
    const definition = metricDefinition(metric)
    const isFine = value === null || definition === undefined || isPlausible(definition, value)
    if (!isFine) page.rejections.add(line, 'out_of_range')
    metrics[metric] = isFine ? value : null
  }
  for (const [name, rule] of DEVICE_RULES) {
    const sample = card.samples.get(name)
    if (sample === undefined || (metrics[rule.metric] ?? null) !== null) continue
    const { value, line } = sample
    const isMissing = value === null || (value === 0 && rule.zeroIsMissing)
    set(rule.metric, isMissing ? null : (value * rule.times) / rule.over, line)
  }
  for (const { metric, of } of SUM_RULES) {
    const names = of.find((list) => list.some((name) => card.samples.has(name)))
    // A part that this page has for no card at all is not supported, one that it has for others vanished.
    const parts = (names ?? [])
      .filter((name) => page.seenNames.has(name))
      .map((name) => card.samples.get(name) ?? null)
    if (parts.length > 0) set(metric, sumOf(parts), parts[0]?.line ?? '')
  }
  for (const { metric, of } of FLAG_RULES) {
    const parts = of.flatMap((name) => card.samples.get(name)?.value ?? [])
    if (parts.length > 0) set(metric, parts.some((value) => value > 0) ? 1 : 0, '')
  }
  // No fault code says how bad it is: sick is an alarm, which counts as failed.
  if (card.isUnhealthy !== null)
    metrics.health_code = card.isUnhealthy ? HEALTH_CODES.alarm : HEALTH_CODES.ok
  // Rows exist only if the exporter shares the host's PID and IPC namespaces: none is unknown.
  if (card.pids.size > 0) metrics.process_count = card.pids.size
  return metrics
}

function sumOf(parts: readonly (Sample | null)[]): number | null {
  let sum = 0
  for (const part of parts) {
    if (part === null || part.value === null) return null
    sum += part.value
  }
  return sum
}

/** Rows of the whole card first; of several pods only what they agree on. */
function holderOf(card: CardRows): Holder | null {
  const whole = card.holders.filter(({ vf }) => vf === '')
  const holders = new Map(
    (whole.length > 0 ? whole : card.holders).map(({ holder }) => [JSON.stringify(holder), holder]),
  )
  const [first, ...rest] = [...holders.values()]
  if (first === undefined || rest.length === 0) return first ?? null
  if (first.namespace === undefined) return null
  if (rest.some((other) => other.namespace !== first.namespace)) return null
  const isOnePod = first.pod !== undefined && rest.every((other) => other.pod === first.pod)
  return { namespace: first.namespace, ...(isOnePod ? { pod: first.pod } : {}) }
}

function labelsOf(card: CardRows, isFirstOfBoard: boolean): Record<string, string> {
  const mode = card.samples.get('virtual_mode')?.value ?? null
  const users = new Set(card.holders.map(({ holder }) => JSON.stringify(holder))).size
  const labels: [string, string][] = [
    ['driver_version', card.facts.driver],
    ['firmware_version', card.facts.mcu],
    ['serial', card.facts.sn],
    ['virtual_mode', mode === null ? '' : (VIRTUAL_MODES[mode] ?? String(mode))],
    ['power_scope', isFirstOfBoard ? 'board' : ''],
    ['shared_by', users > 1 ? String(users) : ''],
  ]
  return Object.fromEntries(
    labels.flatMap(([name, value]) =>
      value === '' ? [] : [[name, detached(value.replace(/^v(?=\d)/, ''))]],
    ),
  )
}
