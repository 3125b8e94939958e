import type { Holder } from '#schemas/batch.ts'
import { type ExpositionRow, parseExposition } from '../../formats/exposition.ts'
import { createRejections, detached, type Rejections } from '../../formats/rejections.ts'
import { cambriconCode } from '../../vendors/cambricon-faults.ts'
import type { Naming } from './config.ts'
import { DEVICE_RULES, KNOWN_NAMES, LINK_RULES } from './map.ts'

export const LIMITS = {
  bytes: 8 << 20,
  cards: 256,
  links: 64,
  slices: 64,
  faults: 64,
  reasons: 16,
  ignored: 64,
} as const

/** Why a row or value was refused: a fixed list, it labels counters. */
export type RejectReason =
  | 'too_many_bytes'
  | 'line_too_long'
  | 'series_limit'
  | 'not_a_sample'
  | 'bad_labels'
  | 'text_value'
  | 'cut_line'
  | 'too_many_cards'
  | 'duplicate_series'
  | 'failed_reading'
  | 'unit_disagrees'
  | 'zero_filled_card'
  | 'out_of_range'
  | 'not_a_code'

export interface Sample {
  /** Null where the exporter prints -1 or no number. */
  readonly value: number | null
  readonly line: string
}

/** A vendor code that the card has shown: how often where that is told, and when, epoch ms. */
export interface ShownCode {
  count: number | null
  atMs: number | null
}

export interface SliceRow {
  readonly kind: 'mim' | 'smlu'
  readonly labels: Readonly<Record<string, string>>
}

/** Everything a page says about one card, by default name without prefix. */
export interface CardRows {
  readonly key: string
  readonly uuid: string
  readonly facts: {
    mlu: string
    sn: string
    model: string
    driver: string
    mcu: string
    node: string
  }
  readonly samples: Map<string, Sample>
  readonly links: Map<string, Map<string, Sample>>
  readonly unhealthyReasons: Set<string>
  isUnhealthy: boolean | null
  readonly codes: Map<string, ShownCode>
  readonly holders: { readonly holder: Holder; readonly vf: string }[]
  readonly slices: SliceRow[]
  readonly pids: Set<string>
  readonly cores: Set<string>
}

export interface ExporterPage {
  readonly cards: readonly CardRows[]
  readonly rejections: Rejections<RejectReason>
  readonly ignored: ReadonlySet<string>
  readonly rows: number
  /** Rows whose name this source reads, with or without a card. */
  readonly knownRows: number
  /** Rows that name a card, whatever the metric. */
  readonly cardRows: number
  /** Names whose HELP speaks of the vendor, known or not. */
  readonly vendorHelp: readonly string[]
  /** Default names that the page has for at least one card. */
  readonly seenNames: ReadonlySet<string>
}

interface Draft {
  readonly naming: Naming
  readonly byKey: Map<string, CardRows>
  readonly rejections: Rejections<RejectReason>
  readonly ignored: Set<string>
  readonly help: ReadonlyMap<string, string>
  readonly seenNames: Set<string>
}

/** Reads one `/metrics` page into cards, native values. Never throws; a bad row costs one row. */
export function parsePage(bytes: Uint8Array, naming: Naming): ExporterPage {
  const rejections = createRejections<RejectReason>()
  const { rows, help } = parseExposition(bytes, (line, reason) => rejections.add(line, reason))
  const draft: Draft = {
    naming,
    byKey: new Map(),
    rejections,
    ignored: new Set(),
    help,
    seenNames: new Set(),
  }
  let [knownRows, cardRows] = [0, 0]
  for (const row of rows) {
    const name = naming.nameOf(row.name)
    if (naming.label(row.labels, 'uuid') !== '') cardRows += 1
    if (name !== null) {
      knownRows += 1
      takeRow(draft, name, row)
    } else if (row.name.startsWith(naming.prefix) && draft.ignored.size < LIMITS.ignored)
      draft.ignored.add(detached(row.name))
  }
  return {
    cards: [...draft.byKey.values()].toSorted(byNumber),
    rejections,
    ignored: draft.ignored,
    rows: rows.length,
    knownRows,
    cardRows,
    vendorHelp: [...help].filter(([, text]) => /Cambricon/i.test(text)).map(([name]) => name),
    seenNames: draft.seenNames,
  }
}

const byNumber = (a: CardRows, b: CardRows) =>
  Number(a.facts.mlu) - Number(b.facts.mlu) || (a.key < b.key ? -1 : 1)

function takeRow(draft: Draft, name: string, row: ExpositionRow): void {
  const card = cardOf(draft, row)
  if (card === null) return
  draft.seenNames.add(name)
  const { label } = draft.naming
  switch (name) {
    case 'health':
      takeHealth(card, row, label(row.labels, 'unhealth_reason'))
      return
    case 'xid_error':
    case 'xid_error_count':
    case 'last_xid_error':
      takeCode(draft, card, name, row)
      return
    case 'container':
      if (row.value !== 0 && row.value !== null) takeHolder(draft, card, row)
      return
    case 'mim_instance_info':
    case 'smlu_instance_info':
      if (card.slices.length < LIMITS.slices)
        card.slices.push({
          kind: name === 'mim_instance_info' ? 'mim' : 'smlu',
          labels: row.labels,
        })
      return
    case 'process_physical_memory_used':
      if (card.pids.size < 4096) card.pids.add(label(row.labels, 'pid'))
      return
    case 'core_utilization':
      if (card.cores.size < 256) card.cores.add(label(row.labels, 'core'))
      return
    default:
      if (name.startsWith('mlulink_')) takeLink(draft, card, name, row)
      else takeSample(draft, card, name, row)
  }
}

/** Rows without a card (counts per node, host figures) belong to nobody. */
function cardOf(
  { naming, byKey, rejections }: Draft,
  { labels, line }: ExpositionRow,
): CardRows | null {
  const said = (name: Parameters<Naming['label']>[1]) =>
    detached(naming.label(labels, name).slice(0, 256))
  const [uuid, mlu] = [said('uuid'), said('mlu')]
  if (uuid === '' && mlu === '') return null
  const key = uuid === '' ? `mlu ${mlu}` : uuid
  const known = byKey.get(key)
  if (known !== undefined) return known
  if (byKey.size >= LIMITS.cards) {
    rejections.add(line, 'too_many_cards')
    return null
  }
  const card: CardRows = {
    key,
    uuid,
    facts: {
      mlu,
      sn: said('sn'),
      model: said('model'),
      driver: said('driver'),
      mcu: said('mcu'),
      node: said('node'),
    },
    samples: new Map(),
    links: new Map(),
    unhealthyReasons: new Set(),
    isUnhealthy: null,
    codes: new Map(),
    holders: [],
    slices: [],
    pids: new Set(),
    cores: new Set(),
  }
  byKey.set(key, card)
  return card
}

/** Any reason that says sick counts: a new reason is a new series, and the old one may still be there. */
function takeHealth(card: CardRows, { value }: ExpositionRow, reason: string): void {
  if (value !== 0 && value !== 1) return
  card.isUnhealthy = card.isUnhealthy === true || value === 0
  if (value === 0 && reason !== '' && card.unhealthyReasons.size < LIMITS.reasons)
    card.unhealthyReasons.add(detached(reason.slice(0, 200)))
}

function takeHolder({ naming }: Draft, card: CardRows, { labels }: ExpositionRow): void {
  const text = (name: 'namespace' | 'pod' | 'container' | 'vf') =>
    detached(naming.label(labels, name).slice(0, 256))
  const fields = (['namespace', 'pod', 'container'] as const).flatMap((name) =>
    text(name) === '' ? [] : [[name, text(name)] as const],
  )
  if (fields.length > 0 && card.holders.length < LIMITS.slices)
    card.holders.push({ holder: Object.fromEntries(fields), vf: text('vf') })
}

/**
 * A code comes as `xid_base_10`, as hex in `xid` (with `0x` in newer exporters, without in older ones), as the
 * vendor's symbol, or as the value of `last_xid_error`.
 */
function takeCode(
  { naming, rejections }: Draft,
  card: CardRows,
  name: string,
  row: ExpositionRow,
): void {
  const { label } = naming
  const decimal = label(row.labels, 'xid_base_10')
  const hex = label(row.labels, 'xid')
  const isLast = name === 'last_xid_error'
  const printed = /^\d{1,20}$/.test(decimal)
    ? decimal
    : /^[0-9a-f]{1,16}$/i.test(hex)
      ? `0x${hex}`
      : hex !== '' || !isLast
        ? hex
        : String(row.value ?? 0)
  const code = cambriconCode(printed)
  if (code === null) {
    if (!/^(?:0x)?0*$|NO_ERROR/i.test(printed)) rejections.add(row.line, 'not_a_code')
    return
  }
  const known = card.codes.get(code)
  if (known === undefined && card.codes.size >= LIMITS.faults) return
  const shown = known ?? { count: null, atMs: null }
  if (name === 'xid_error_count') shown.count = Math.max(shown.count ?? 0, row.value ?? 0)
  if (name === 'xid_error')
    shown.atMs = Math.max(shown.atMs ?? 0, epochMs(label(row.labels, 'xid_timestamp')) ?? 0) || null
  card.codes.set(code, shown)
}

/** Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size. */
function epochMs(text: string): number | null {
  if (!/^\d{9,19}$/.test(text)) return null
  const units: readonly (readonly [limit: number, toMs: number])[] = [
    [1e11, 1000],
    [1e14, 1],
    [1e17, 1e-3],
    [Infinity, 1e-6],
  ]
  const value = Number(text)
  const toMs = units.find(([limit]) => value < limit)?.[1] ?? 1
  return Math.round(value * toMs)
}

function takeLink(draft: Draft, card: CardRows, name: string, row: ExpositionRow): void {
  const { label } = draft.naming
  const id = label(row.labels, 'link')
  if (!/^\w{1,16}$/.test(id) || unitDisagrees(draft, row, LINK_RULES.get(name)?.unit ?? null))
    return
  const values = card.links.get(id) ?? new Map<string, Sample>()
  if (!card.links.has(id) && card.links.size >= LIMITS.links) return
  card.links.set(detached(id), values)
  if (values.has(name)) draft.rejections.add(row.line, 'duplicate_series')
  else values.set(name, sampleOf(draft, row))
}

function takeSample(draft: Draft, card: CardRows, name: string, row: ExpositionRow): void {
  const rule = DEVICE_RULES.get(name)
  if (rule?.hasVf === true && draft.naming.label(row.labels, 'vf') !== '') return
  if (unitDisagrees(draft, row, rule?.unit ?? null)) return
  const sample = sampleOf(draft, row)
  const known = card.samples.get(name)
  if (known === undefined) card.samples.set(name, sample)
  else if (rule?.highest === true) {
    if ((sample.value ?? -Infinity) > (known.value ?? -Infinity)) card.samples.set(name, sample)
  } else draft.rejections.add(row.line, 'duplicate_series')
}

/** Names come from a configuration file: a HELP that states another unit is not the metric we know. */
function unitDisagrees(
  { help, rejections }: Draft,
  row: ExpositionRow,
  unit: string | null,
): boolean {
  const said = /unit is '([^']{1,16})'/i.exec(help.get(row.name) ?? '')?.[1]?.toLowerCase()
  if (unit === null || said === undefined || said === unit) return false
  rejections.add(row.line, 'unit_disagrees')
  return true
}

function sampleOf({ rejections }: Draft, { value, line }: ExpositionRow): Sample {
  if (value !== -1) return { value, line }
  rejections.add(line, 'failed_reading')
  return { value: null, line }
}

/** The prefix most names of a page seem to have, told by the vendor's HELP texts; null without any. */
export function likelyPrefix(page: ExporterPage): string | null {
  const votes = new Map<string, number>()
  for (const printed of page.vendorHelp)
    for (const name of KNOWN_NAMES)
      if (printed.endsWith(name) && printed.length > name.length) {
        const prefix = printed.slice(0, -name.length)
        if (/[_:]$/.test(prefix)) votes.set(prefix, (votes.get(prefix) ?? 0) + 1)
      }
  const [best] = [...votes].toSorted((a, b) => b[1] - a[1] || a[0].length - b[0].length)
  return best?.[0] ?? null
}
