import { PlimsollError } from '#schemas/errors.ts'
import type { FacilityBook } from '#schemas/facility.ts'
import type { Contract, Owner } from '#schemas/journal.ts'
import type { ModelCatalogue } from '#schemas/models/model.ts'
import { type Price, type PriceBook, priceBook, type PriceDocument } from '#schemas/price-book.ts'
import { type Dimension, type Filters, parseFilters, parseGroupBy } from '../filters.ts'
import { type FleetDeps, type FleetQuestion, settledWindow } from '../fleet.ts'
import { type Grouping, type GroupSums, readSums } from '../fleet-sums.ts'
import { planOf } from '../plan-of.ts'
import type { FigureColumns } from '../queries/fleet-sums.ts'
import type { Plan, PublishedMinutes } from '../resolution.ts'
import { emptySums, rowKey } from '../sums.ts'
import { joinStates, type LedgerSums, missingFromLedger } from '../state-sums.ts'
import type { TimeWindow } from '../window.ts'

/** What the journal says of money and of the site's meters: whole documents in force. */
export interface MoneyDocuments {
  readonly prices: PriceDocument | null
  readonly contracts: readonly Contract[]
  readonly owners: readonly Owner[]
  readonly facility: FacilityBook
}

/** What answers about states and money are made from. */
export interface LedgerDeps extends FleetDeps {
  readonly documents: () => Promise<MoneyDocuments>
  readonly models: ModelCatalogue
  /** Groups read whose nine states did not sum to capacity, since this process began. */
  readonly health: { brokenGroups: number }
}

/** A question about the ledger, read and checked. */
export interface LedgerQuestion {
  readonly window: TimeWindow
  readonly published: PublishedMinutes
  readonly groupBy: readonly Dimension[]
  readonly filters: Filters
}

/** Reads the texts of a question. Throws E_RANGE_INVALID and E_FILTER_INVALID. */
export async function readQuestion(deps: FleetDeps, asked: FleetQuestion): Promise<LedgerQuestion> {
  const groupBy = parseGroupBy(asked.groupBy)
  const filters = parseFilters(asked.filters)
  const { window, published } = await settledWindow(deps, asked)
  return { window, published, groupBy, filters }
}

/** Sums of a group, without what only one table's rows can say (power's time, the hottest device). */
export interface LedgerTotals extends LedgerSums {
  readonly activeKnown: bigint
  readonly activeX1000: bigint
  readonly effectiveKnown: bigint
  readonly effectiveX1000: bigint
  readonly powerKnown: bigint
  readonly powerMwMs: bigint
}

/** Part of a group: what differs in a field that was not asked for but decides, and in a piece of time. */
export interface Cell {
  /** Names the group, whatever the piece. */
  readonly id: string
  /** The group's key in the answer. */
  readonly key: Record<string, string>
  /** Values of all fields that were read. */
  readonly fields: Readonly<Record<string, string>>
  readonly totals: LedgerTotals
  /** Null = no price is known. */
  readonly price: Price | null
  readonly window: TimeWindow
}

const NO_TOTALS: LedgerTotals = emptySums({ bySource: false })

/** Both together. */
export const joinTotals = (a: LedgerTotals, b: LedgerTotals): LedgerTotals => ({
  capacity: a.capacity + b.capacity,
  verification: a.verification + b.verification,
  known: a.known + b.known,
  busyX1000: a.busyX1000 + b.busyX1000,
  activeKnown: a.activeKnown + b.activeKnown,
  activeX1000: a.activeX1000 + b.activeX1000,
  effectiveKnown: a.effectiveKnown + b.effectiveKnown,
  effectiveX1000: a.effectiveX1000 + b.effectiveX1000,
  powerKnown: a.powerKnown + b.powerKnown,
  powerMwMs: a.powerMwMs + b.powerMwMs,
  states: joinStates(a.states, b.states),
})

export const totalOf = (cells: readonly Cell[]): LedgerTotals =>
  // Most groups are of one cell, which is their total already.
  cells.length === 0 ? NO_TOTALS : cells.map(({ totals }) => totals).reduce(joinTotals)

/** Prices of one question may change this often: a daily rate of a currency for a season. */
export const PRICE_PIECES_MAX = 100
const PIECES_AT_ONCE = 4

export interface CellsAsked extends LedgerQuestion {
  /** Fields that decide besides those that were asked for. */
  readonly more: readonly Dimension[]
  readonly columns: FigureColumns
  /** Null = nothing is priced, so the window stays whole. */
  readonly prices: PriceBook | null
  /** Other moments at which the window is cut. */
  readonly cuts?: readonly number[]
}

export interface Cells {
  readonly cells: readonly Cell[]
  /** Between two changes of prices; in order, together the window. */
  readonly pieces: readonly TimeWindow[]
  /** How the whole window would be answered. */
  readonly plan: Plan
}

/** All fields of a question with cells, those that were asked for first. */
export const cellFields = (asked: Pick<CellsAsked, 'groupBy' | 'more'>): readonly Dimension[] => [
  ...new Set([...asked.groupBy, ...asked.more]),
]

/**
 * Reads a window in pieces between changes of prices, every group apart by the fields that decide. Throws
 * E_QUERY_TOO_LARGE when prices change too often in the window.
 */
export async function readCells(deps: LedgerDeps, asked: CellsAsked): Promise<Cells> {
  const { window, prices } = asked
  const pieces = piecesOf(window, prices, asked.cuts ?? [])
  const fields = cellFields(asked)
  const cells: Cell[] = []
  for (let at = 0; at < pieces.length; at += PIECES_AT_ONCE) {
    const some = pieces.slice(at, at + PIECES_AT_ONCE)
    const read = await Promise.all(
      some.map((piece) => readPiece(deps, piece, { ...asked, fields })),
    )
    cells.push(...read.flat())
  }
  const plan = await planOf(deps, planned(window, asked, fields), asked.published)
  return { cells, pieces, plan }
}

const planned = (window: TimeWindow, asked: CellsAsked, fields: readonly Dimension[]) => ({
  ...window,
  fields: [...fields, ...asked.filters.fields],
  stepMs: null,
})

function piecesOf(
  window: TimeWindow,
  prices: PriceBook | null,
  cuts: readonly number[],
): readonly TimeWindow[] {
  const changes = new Set([...(prices?.changes(window) ?? []), ...cuts])
  const starts = [window.fromMs, ...[...changes].toSorted((a, b) => a - b)]
  if (starts.length > PRICE_PIECES_MAX) {
    const message = `prices or rates change ${starts.length - 1} times in this window, at most ${PRICE_PIECES_MAX - 1} can be told apart; ask for a shorter one`
    throw new PlimsollError('E_QUERY_TOO_LARGE', message)
  }
  return starts.map((fromMs, at) => ({ fromMs, toMs: starts[at + 1] ?? window.toMs }))
}

async function readPiece(
  deps: LedgerDeps,
  piece: TimeWindow,
  asked: CellsAsked & { readonly fields: readonly Dimension[] },
): Promise<Cell[]> {
  const { fields, prices, columns, filters, groupBy } = asked
  const plan = await planOf(deps, planned(piece, asked, fields), asked.published)
  const once = { t0Ms: piece.fromMs, stepMs: 0, columns, bySource: false, states: true }
  const groups = await readSums(deps.reader, plan, { ...once, groupBy: fields, filters })
  return [...groups.values()].map((group) => {
    const totals = group.steps.get(0) ?? NO_TOTALS
    // Said and counted, never an error: the other figures of the answer stand.
    if (missingFromLedger(totals) !== 0n) deps.health.brokenGroups += 1
    const key = Object.fromEntries(groupBy.map((field) => [field, group.key[field] ?? '']))
    return {
      id: groupId(key, groupBy),
      key,
      fields: group.key,
      totals,
      price: priceOf(prices, group.key, piece.fromMs),
      window: piece,
    }
  })
}

/** The id of a group, as counts of devices have it. */
export function groupId(
  key: Readonly<Record<string, string>>,
  groupBy: readonly Dimension[],
): string {
  const keys = groupBy.map((field) => key[field] ?? '')
  return rowKey(keys, groupBy)
}

/** The price of a group that knows its model and pool. */
function priceOf(
  prices: PriceBook | null,
  key: Readonly<Record<string, string>>,
  atMs: number,
): Price | null {
  const { model, pool } = key
  if (prices === null || model === undefined || pool === undefined) return null
  return prices.deviceHour({ model, pool }, atMs)
}

/** The same groups in steps, for what goes by the hour: a read of one piece. */
export async function readSteps(
  deps: LedgerDeps,
  piece: TimeWindow,
  asked: Pick<Grouping, 'groupBy' | 'filters' | 't0Ms' | 'stepMs' | 'columns'> &
    Pick<LedgerQuestion, 'published'>,
): Promise<readonly GroupSums[]> {
  const { published, ...grouping } = asked
  const fields = [...grouping.groupBy, ...grouping.filters.fields]
  const plan = await planOf(deps, { ...piece, fields, stepMs: grouping.stepMs }, published)
  const groups = await readSums(deps.reader, plan, { ...grouping, bySource: false, states: true })
  return [...groups.values()]
}

/** A group of an answer: its cells, of all pieces. */
export interface CellGroup {
  readonly id: string
  readonly key: Record<string, string>
  readonly cells: readonly Cell[]
}

/** Cells by group, in the order of their keys. Without `group_by` there is one, also where there was nothing. */
export function groupCells(
  cells: readonly Cell[],
  groupBy: readonly Dimension[],
): readonly CellGroup[] {
  const byGroup = Map.groupBy(cells, ({ id }) => id)
  if (groupBy.length === 0 && byGroup.size === 0)
    return [{ id: groupId({}, groupBy), key: {}, cells: [] }]
  return [...byGroup]
    .map(([id, members]) => {
      const key = members[0]?.key ?? {}
      return { group: { id, key, cells: members }, text: keyText(key) }
    })
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ group }) => group)
}

const keyText = (key: Readonly<Record<string, string>>) => Object.values(key).join('\u0000')

/** The documents as a price book. */
export const bookOf = (documents: Pick<MoneyDocuments, 'prices'>): PriceBook =>
  priceBook(documents.prices)
