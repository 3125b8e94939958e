import type { LinkMetricValues } from '#schemas/node-metrics.ts'
import { isPlausible } from '#schemas/metrics.ts'
import type { LinkReading } from '#schemas/reading.ts'
import { isBlankValue } from './cells.ts'
import { boardAt, boardKey, type Board, type Identities } from './identity.ts'
import type { LabelBlock } from './labels.ts'
import { cellName, LINK_SCALE, type LinkField } from './link-map.ts'
import type { ExtraRow, Page } from './parse.ts'
import type { RejectReason, Rejects } from './rejects.ts'
import { SCALE_GROUPS } from './scales.ts'
import type { Units } from './units.ts'

export interface LinkContext {
  readonly identities: Identities
  readonly units: Units
  readonly rejects: Rejects
}

/** One part of one metric of one link; NaN where the page has a row without a value. */
interface LinkCell {
  readonly field: LinkField
  readonly owner: number
  readonly value: number
}

interface Link {
  readonly node: string | null
  readonly deviceKey: string | null
  readonly link: string
  /** The node's port or the device it is of, and its number there: the order of readings. */
  readonly order: readonly [owner: string, family: string, number: number]
  /** LinkField.cell -> cell. */
  readonly cells: Map<string, LinkCell>
}

const SCALE = SCALE_GROUPS.findIndex((group) => group.name === LINK_SCALE)

/** Turns the link rows of a page into one reading per NVLink of a GPU and per port of an NVSwitch. */
export function readLinks(page: Page, context: LinkContext): readonly LinkReading[] {
  const links = new Map<string, Link>()
  const linkOfBlock = new Map<number, Link | null>()
  for (const row of page.links) {
    const known = linkOfBlock.get(row.owner)
    const link = known === undefined ? findLink(page, row, links, context) : known
    linkOfBlock.set(row.owner, link)
    if (link === null) refuseRow(context.rejects, page, row, 'no_identity')
    else keepCell(link, row, page, context)
  }
  const wanted = partsOf(page.links)
  return [...links.values()].toSorted(compareLinks).map(({ node, deviceKey, link, cells }) => ({
    node,
    deviceKey,
    link,
    metrics: toMetrics(cells, wanted),
  }))
}

function findLink(
  page: Page,
  row: ExtraRow<LinkField>,
  links: Map<string, Link>,
  { identities }: LinkContext,
): Link | null {
  const block = page.blocks[row.owner]
  if (block === undefined || block.link === null) return null
  const isOfGpu = block.link.startsWith('nvlink/')
  const board = isOfGpu ? boardAt(identities.boards, block) : undefined
  const deviceKey = isOfGpu ? deviceKeyOf(block, board, identities.boards) : null
  if (isOfGpu && deviceKey === null) return null
  const owner = deviceKey ?? `node:${block.host ?? ''}`
  const key = `${owner} ${block.link}`
  const known = links.get(key)
  if (known !== undefined) return known
  const [family = '', number = ''] = block.link.split('/')
  const link: Link = {
    node: board?.host ?? block.host,
    deviceKey,
    link: block.link,
    order: [owner, family, Number(number)],
    cells: new Map(),
  }
  links.set(key, link)
  return link
}

/** Null where nothing tells the GPU: a UUID that boards of the page share is no identity. */
function deviceKeyOf(
  block: LabelBlock,
  board: Board | undefined,
  boards: readonly Board[],
): string | null {
  if (board !== undefined) return boardKey(board)
  const isMasked = block.uuid === null || boards.some(({ uuid }) => uuid === null)
  return isMasked ? null : `uuid:${block.uuid}`
}

function keepCell(
  link: Link,
  row: ExtraRow<LinkField>,
  page: Page,
  { units, rejects }: LinkContext,
): void {
  const { field, owner } = row
  const refusal = Number.isNaN(row.value) ? null : whyRefused(row, units)
  if (refusal !== null) refuseRow(rejects, page, row, refusal)
  const value = refusal === null ? row.value * (scaleOf(field, units) ?? 1) : NaN
  const held = link.cells.get(field.cell)
  const isRepeat = held !== undefined && held.field === field && held.owner === owner
  if (isRepeat) refuseRow(rejects, page, row, 'duplicate_series')
  if (isRepeat || held === undefined || wins(field, value, held))
    link.cells.set(field.cell, { field, owner, value })
}

/** The better field, else the larger copy: rows repeat per pod of a shared GPU. */
function wins(field: LinkField, value: number, held: LinkCell): boolean {
  if (Number.isNaN(value) || Number.isNaN(held.value)) return Number.isNaN(held.value)
  return field.rank === held.field.rank ? value > held.value : field.rank < held.field.rank
}

function whyRefused({ field, value }: ExtraRow<LinkField>, units: Units): RejectReason | null {
  if (isBlankValue(value, field.wide)) return 'blank_sentinel'
  const times = scaleOf(field, units)
  if (times === null) return value === 0 ? null : 'unit_unclear'
  return isPlausible(field.definition, value * times) ? null : 'out_of_range'
}

/** Canonical value per native one; null where the page does not tell. */
function scaleOf(field: LinkField, units: Units): number | null {
  if (!field.isScaled) return 1
  return SCALE_GROUPS[SCALE]?.units[units[SCALE] ?? -1]?.times ?? null
}

/** The parts that any link of the page has, by metric: a sum without one of them would not be comparable. */
function partsOf(rows: readonly ExtraRow<LinkField>[]): ReadonlyMap<string, ReadonlySet<string>> {
  const parts = new Map<string, Set<string>>()
  for (const { field } of rows) {
    const ofMetric = parts.get(field.metric) ?? new Set<string>()
    parts.set(field.metric, ofMetric.add(field.part))
  }
  return parts
}

function toMetrics(
  cells: ReadonlyMap<string, LinkCell>,
  wanted: ReadonlyMap<string, ReadonlySet<string>>,
): LinkMetricValues {
  const metrics: LinkMetricValues = {}
  for (const { field } of cells.values()) {
    const { metric } = field
    if (metrics[metric] !== undefined) continue
    const whole = cells.get(cellName(metric, ''))
    let sum = whole?.value ?? 0
    for (const part of whole === undefined ? (wanted.get(metric) ?? []) : []) {
      // The ports of a switch count in one field what those of a GPU count in two.
      if (part !== '') sum += cells.get(cellName(metric, part))?.value ?? NaN
    }
    metrics[metric] = isPlausible(field.definition, sum) ? sum : null
  }
  return metrics
}

function compareLinks({ order: a }: Link, { order: b }: Link): number {
  return compareText(a[0], b[0]) || compareText(a[1], b[1]) || a[2] - b[2]
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function refuseRow(
  rejects: Rejects,
  page: Page,
  { start, end }: ExtraRow<LinkField>,
  reason: RejectReason,
): void {
  rejects.add(reason, page.text, start, end)
}
