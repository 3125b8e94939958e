import { DEVICE_METRICS, type MetricName, type MetricValues } from '#schemas/metrics.ts'
import type { DeviceReading } from '#schemas/reading.ts'
import type { PageReader } from '../../formats/page-reader.ts'
import { dropAbsentNvlink } from '../../vendors/nvidia-models.ts'
import { type Cells, clearCells, fillCell, newCells, type Route, routeOf } from './cells.ts'
import {
  addBoardRatios,
  holdersOf,
  settleCells,
  toMetrics,
  toReading,
  totalMemory,
} from './devices.ts'
import { type Entity, identify, type Identities } from './identity.ts'
import type { LabelBlock } from './labels.ts'
import { LIMITS } from './limits.ts'
import { SLOT_COUNT, SUMS } from './map.ts'
import { readLinks } from './links.ts'
import type { Slice } from './mig.ts'
import { type ExtraRow, type Page, scanPage } from './parse.ts'
import { createQuickRows, isQuick, type QuickRoute } from './quick-rows.ts'
import { newRejects, type Rejects } from './rejects.ts'
import { statedEvents } from './stated.ts'
import { scaledRows, settleUnits, unitMemoryOf, type Units } from './units.ts'

/** Characters of a value, its blank and its newline at most. */
const VALUE_CHARS = 64
const METRICS = DEVICE_METRICS.length
const slotOf = (name: MetricName) => DEVICE_METRICS.findIndex((metric) => metric.name === name)
const USED = slotOf('memory_used_bytes')
const FREE = slotOf('memory_free_bytes')
const RESERVED = slotOf('memory_reserved_bytes')
const TOTAL = slotOf('memory_total_bytes')

/** The pages with these lines: their labels are read once, their values with what reads a live page. */
export function openPages(
  heads: readonly string[],
  memory: Map<string, unknown>,
): PageReader | null {
  // With a value that is always fine only what the labels are to blame for is refused.
  const text = heads.map((head) => `${head} 0\n`).join('')
  const isOrdinary =
    Buffer.byteLength(text) + heads.length * VALUE_CHARS <= LIMITS.bytes &&
    heads.every((head) => head.length + VALUE_CHARS <= LIMITS.lineChars)
  if (!isOrdinary) return null
  const labelRejects = newRejects()
  const scanned = scanPage(text, labelRejects)
  const lines = linesOf(heads, scanned)
  return lines === null ? null : createReader({ scanned, lines, labelRejects, memory })
}

/** Which line each row of a page stands on. */
interface RowLines {
  readonly rows: readonly number[]
  readonly links: readonly number[]
  readonly stated: readonly number[]
}

function linesOf(heads: readonly string[], page: Page): RowLines | null {
  const lineAt = new Map<number, number>()
  let at = 0
  for (const [line, head] of heads.entries()) {
    lineAt.set(at, line)
    at += head.length + ' 0\n'.length
  }
  const lineOf = (start: number) => lineAt.get(start) ?? -1
  const rows = page.starts.map(lineOf)
  const links = page.links.map(({ start }) => lineOf(start))
  const stated = page.stated.map(({ start }) => lineOf(start))
  return [rows, links, stated].some((lines) => lines.includes(-1)) ? null : { rows, links, stated }
}

interface ReaderParts {
  readonly scanned: Page
  readonly lines: RowLines
  /** What every page with these lines is refused. */
  readonly labelRejects: Rejects
  readonly memory: Map<string, unknown>
}

function createReader({ scanned, lines, labelRejects, memory }: ReaderParts): PageReader {
  const rejects = newRejects()
  const identities = identify(scanned.blocks, labelRejects)
  const holderOf = holdersOf(scanned)
  const held = new Map(scanned.blocks.map((block) => [block, holderOf(block) !== null]))
  const isHeld = (block: LabelBlock) => held.get(block) === true
  const values: number[] = scanned.fields.map(() => NaN)
  // Without its text: what a value looked like is of no account where it came as a number.
  const page: Page = { ...scanned, text: '', starts: [], ends: [], values }
  const flat = new Float64Array(identities.entities.length * SLOT_COUNT)
  const cells = new Map<Entity, Cells>(
    identities.entities.map((entity, at) => [
      entity,
      newCells(flat.subarray(at * SLOT_COUNT, (at + 1) * SLOT_COUNT)),
    ]),
  )
  const routes = routesOf(page, identities, cells)
  const devices = identities.entities.map((entity) => toReading(entity, {}, holderOf))
  const scaled = scaledRows(page)
  const boards = boardsOf({ identities, devices, cells, routes })
  const slots = [...new Set(boards.flatMap((board) => board.slots))]
  const cleared = [...cells.values()].map((own) => ({ own, slots: slotsBetweenPages(routes, own) }))
  const { quick, rest } = splitRoutes(routes, cleared, flat)
  const quickRows = createQuickRows(quick)
  const rowLines = Int32Array.from(lines.rows)
  let pages = 0
  return {
    devices,
    slots,
    read(native, nowMs, out) {
      pages += 1
      for (let row = 0; row < rowLines.length; row += 1) {
        const value = native[rowLines[row] ?? -1] ?? NaN
        values[row] = value
        if (Number.isNaN(value)) rejects.add('not_a_number', '')
      }
      const kept = unitMemoryOf(memory)
      const units = settleUnits(page, kept, scaled)
      const context = { page, units, rejects, isHeld }
      for (const { own, slots: emptied } of cleared) clearCells(own, emptied)
      for (const { route, into } of rest) fillCell(into, route, context)
      const others = quickRows.fill(values, units, flat)
      for (let at = 0; at < others; at += 1) {
        const other = quick[quickRows.rest[at] ?? -1]
        if (other !== undefined) fillCell(other.into, other.route, context)
      }
      const settled = settleCells(cells, units, page, { rejects, memory: kept, nowMs })
      for (const board of boards) writeBoard(board, out, rejects)
      readExtras(native, lines, page, { identities, units: settled, rejects, nowMs })
    },
    refused() {
      const counts = new Map(Object.entries(rejects.byReason))
      for (const [reason, count] of Object.entries(labelRejects.byReason))
        counts.set(reason, (counts.get(reason) ?? 0) + count * pages)
      return counts
    },
  }
}

interface CellRoute {
  readonly route: Route
  readonly into: Cells
}

/** Rows that can be read quickly, and the others. The cells of the former never change whose they are. */
function splitRoutes(
  routes: readonly CellRoute[],
  cleared: readonly { readonly own: Cells; readonly slots: readonly number[] }[],
  flat: Float64Array,
): { quick: QuickRoute[]; rest: CellRoute[] } {
  const quick: QuickRoute[] = []
  const rest: CellRoute[] = []
  for (const one of routes) {
    const { route, into } = one
    const { slot } = route.field
    const isCleared = cleared.some(({ own, slots }) => own === into && slots.includes(slot))
    if (isCleared || !isQuick(route)) {
      rest.push(one)
      continue
    }
    into.fields[slot] = route.fieldIndex
    into.blocks[slot] = route.block
    into.rows[slot] = route.row
    const first = (into.values.byteOffset - flat.byteOffset) / flat.BYTES_PER_ELEMENT
    quick.push({ route, into, at: first + slot })
  }
  return { quick, rest }
}

/** Cells that a page need not fill: those of several rows, and sums. */
function slotsBetweenPages(routes: readonly CellRoute[], own: Cells): number[] {
  const shared = routes.flatMap(({ route, into }) =>
    into === own && !route.isAlone ? [route.field.slot] : [],
  )
  return [...new Set([...shared, ...SUMS.map(({ slot }) => slot)])]
}

function routesOf(
  page: Page,
  identities: Identities,
  cells: ReadonlyMap<Entity, Cells>,
): CellRoute[] {
  const series = new Set<number>()
  const routes: CellRoute[] = []
  for (let row = 0; row < page.fields.length; row += 1) {
    const route = routeOf(page, identities, row, series)
    const into = route === null ? undefined : cells.get(route.home)
    if (route !== null && into !== undefined) routes.push({ route, into })
  }
  const visitors = new Map<Cells, Map<number, number>>()
  for (const { route, into } of routes) {
    const { slot } = route.field
    const ofSlot = visitors.get(into) ?? new Map<number, number>()
    visitors.set(into, ofSlot.set(slot, (ofSlot.get(slot) ?? 0) + 1))
  }
  return routes.map(({ route, into }) => ({
    route: { ...route, isAlone: visitors.get(into)?.get(route.field.slot) === 1 },
    into,
  }))
}

/** A device, and where its values go. */
interface Place {
  readonly entity: Entity
  readonly reading: DeviceReading
  readonly cells: Cells
  readonly at: number
}

interface BoardPlaces {
  readonly places: readonly Place[]
  /** Slots that its devices may have values in. */
  readonly slots: readonly number[]
  /** Slots in which 0 says that the board has no such link. */
  readonly zeroIsAbsent: readonly number[]
}

const ALL_SLOTS = DEVICE_METRICS.map((_, slot) => slot)

interface BoardParts {
  readonly identities: Identities
  readonly devices: readonly DeviceReading[]
  readonly cells: ReadonlyMap<Entity, Cells>
  readonly routes: readonly CellRoute[]
}

function boardsOf({ identities, devices, cells, routes }: BoardParts): BoardPlaces[] {
  const places = identities.entities.flatMap((entity, at): Place[] => {
    const [reading, own] = [devices[at], cells.get(entity)]
    return reading === undefined || own === undefined
      ? []
      : [{ entity, reading, cells: own, at: at * METRICS }]
  })
  return [...Map.groupBy(places, ({ entity }) => entity.board).values()].map((ofBoard) => ({
    places: ofBoard,
    slots: ofBoard.length > 1 ? ALL_SLOTS : slotsOf(routes, ofBoard[0]?.cells),
    zeroIsAbsent: absentSlots(ofBoard[0]?.reading.model ?? null),
  }))
}

/** What rows fill, sums, and the total that is one of its parts. */
function slotsOf(routes: readonly CellRoute[], own: Cells | undefined): number[] {
  const filled = routes.flatMap(({ route, into }) => (into === own ? [route.field.slot] : []))
  const slots = new Set([...filled, ...SUMS.map(({ slot }) => slot), TOTAL])
  return [...slots].filter((slot) => slot < METRICS)
}

function absentSlots(model: string | null): number[] {
  const zeros: MetricValues = Object.fromEntries(DEVICE_METRICS.map(({ name }) => [name, 0]))
  dropAbsentNvlink(model, zeros)
  return DEVICE_METRICS.flatMap(({ name }, slot) => (zeros[name] === null ? [slot] : []))
}

function writeBoard(board: BoardPlaces, out: Float64Array, rejects: Rejects) {
  const { places, slots, zeroIsAbsent } = board
  const [only] = places
  if (places.length > 1 || only === undefined) return writeInstances(places, out, rejects)
  const { cells, at } = only
  for (const slot of slots) out[at + slot] = cells.values[slot] ?? NaN
  const parts = (out[at + USED] ?? NaN) + (out[at + FREE] ?? NaN)
  if (Number.isNaN(out[at + TOTAL]) && !Number.isNaN(parts)) {
    const reserved = out[at + RESERVED] ?? NaN
    out[at + TOTAL] = totalMemory(parts + (Number.isNaN(reserved) ? 0 : reserved)) ?? NaN
  }
  for (const slot of zeroIsAbsent) if (out[at + slot] === 0) out[at + slot] = NaN
}

/** A board with its instances: it has of them what it does not measure itself. */
function writeInstances(places: readonly Place[], out: Float64Array, rejects: Rejects): void {
  const slices = new Map<Entity, Slice>()
  for (const { entity, reading, cells } of places) {
    const metrics = toMetrics(cells)
    dropAbsentNvlink(reading.model, metrics)
    slices.set(entity, { metrics, partition: reading.partition })
  }
  for (const [entity, { metrics }] of slices)
    if (entity.instance === null) addBoardRatios(entity, metrics, slices, rejects)
  for (const { entity, at } of places) {
    const metrics = slices.get(entity)?.metrics ?? {}
    for (const [slot, { name }] of DEVICE_METRICS.entries()) out[at + slot] = metrics[name] ?? NaN
  }
}

/** Links and events are not history yet; what is refused of their rows is counted as on a live page. */
function readExtras(
  native: Float64Array,
  lines: RowLines,
  page: Page,
  context: {
    readonly identities: Identities
    readonly units: Units
    readonly rejects: Rejects
    readonly nowMs: number
  },
): void {
  if (page.links.length === 0 && page.stated.length === 0) return
  const links = withValues(page.links, lines.links, native)
  const stated = withValues(page.stated, lines.stated, native)
  for (const { value } of [...links, ...stated])
    if (Number.isNaN(value)) context.rejects.add('not_a_number', '')
  readLinks({ ...page, links }, context)
  statedEvents({ ...page, stated }, context)
}

const withValues = <Field>(
  rows: readonly ExtraRow<Field>[],
  lines: readonly number[],
  native: Float64Array,
): ExtraRow<Field>[] => rows.map((row, at) => ({ ...row, value: native[lines[at] ?? -1] ?? NaN }))
