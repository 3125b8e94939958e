import { isPlausible } from '#schemas/metrics.ts'
import type { Entity, Identities } from './identity.ts'
import type { LabelBlock } from './labels.ts'
import { FIELDS, SLOT_COUNT, type NativeField } from './map.ts'
import type { Page } from './parse.ts'
import type { RejectReason, Rejects } from './rejects.ts'
import { SCALE_GROUPS, type ScaleUnit } from './scales.ts'
import type { Units } from './units.ts'

/** The values of one device while a page is read: one cell per metric, NaN where the value is missing. */
export interface Cells {
  /** Canonical units, except energy, which stays native until its unit is settled. */
  readonly values: Float64Array
  /** Field that filled the cell, -1 where no row spoke. */
  readonly fields: Int16Array
  readonly blocks: (LabelBlock | undefined)[]
  /** Row that filled the cell, for examples. */
  readonly rows: Int32Array
}

/** Cells in which nothing is yet; `values` has a place for each slot. */
export function newCells(values: Float64Array = new Float64Array(SLOT_COUNT)): Cells {
  return {
    values: values.fill(NaN),
    fields: new Int16Array(SLOT_COUNT).fill(-1),
    blocks: [],
    rows: new Int32Array(SLOT_COUNT).fill(-1),
  }
}

/** True for rows whose labels name a user of the device. */
export type IsHeld = (block: LabelBlock) => boolean

/** Where a row goes: told by the labels of the page alone, whatever its values are. */
export interface Route {
  readonly row: number
  readonly fieldIndex: number
  readonly field: NativeField
  readonly block: LabelBlock
  readonly home: Entity
  /** Boards that have instances have no utilization of the old kind, whatever is printed. */
  readonly isWholeOnMig: boolean
  /** The page has this series already. */
  readonly isRepeat: boolean
  /** No other row can go into its cell, which is the same on every page; false also where nobody looked. */
  readonly isAlone: boolean
}

/** What rows are read with. */
export interface CellContext {
  readonly page: Page
  readonly units: Units
  readonly rejects: Rejects
  readonly isHeld: IsHeld
}

/**
 * Puts every row into the cell of its device and metric. Copies of one value (per pod of a shared GPU,
 * per MIG instance of a board value) meet in one cell and are never added up.
 */
export function fillCells(
  identities: Identities,
  context: CellContext,
): ReadonlyMap<Entity, Cells> {
  const { page } = context
  const all = new Map<Entity, Cells>(identities.entities.map((entity) => [entity, newCells()]))
  const series = new Set<number>()
  for (let row = 0; row < page.fields.length; row++) {
    const route = routeOf(page, identities, row, series)
    const cells = route === null ? undefined : all.get(route.home)
    if (route !== null && cells !== undefined) fillCell(cells, route, context)
  }
  return all
}

/** The route of a row; null for one that is not about a GPU. `series` holds those that the page had before. */
export function routeOf(
  page: Page,
  { entityOf }: Identities,
  row: number,
  series: Set<number>,
): Route | null {
  const fieldIndex = page.fields[row] ?? -1
  const owner = page.owners[row] ?? -1
  const field = FIELDS[fieldIndex]
  const block = page.blocks[owner]
  const entity = entityOf[owner]
  if (field === undefined || block === undefined || !entity) return null
  const { level } = field
  const isWholeOnMig = level === 'whole' && entity.board.entities.size > 1
  const id = fieldIndex * page.blocks.length + owner
  const isRepeat = series.has(id)
  if (!isRepeat && !isWholeOnMig) series.add(id)
  const home = level === 'board' ? (entity.board.entities.get('') ?? entity) : entity
  return { row, fieldIndex, field, block, home, isWholeOnMig, isRepeat, isAlone: false }
}

/** Puts the value of one row into its cell, or refuses it. */
export function fillCell(cells: Cells, route: Route, context: CellContext): void {
  const { row, fieldIndex, field, block, isRepeat } = route
  const { page, units, rejects, isHeld } = context
  const native = page.values[row] ?? NaN
  if (route.isWholeOnMig) {
    if (!Number.isNaN(native)) refuseRow(rejects, page, row, 'util_on_mig')
    return
  }
  if (route.isAlone && fillQuick(cells, route, native, units)) return
  if (isRepeat) refuseRow(rejects, page, row, 'duplicate_series')
  const refusal = Number.isNaN(native) ? null : whyRefused(field, native, units)
  if (refusal !== null) refuseRow(rejects, page, row, refusal)
  const value = refusal === null ? canonical(field, native, units) : NaN
  const { slot } = field
  const isLast = isRepeat && cells.blocks[slot] === block && cells.fields[slot] === fieldIndex
  if (route.isAlone || isLast || wins(cells, fieldIndex, value, block, isHeld)) {
    cells.values[slot] = value
    cells.fields[slot] = fieldIndex
    cells.blocks[slot] = block
    cells.rows[slot] = row
  }
}

/** Fills a cell that is the row's own with a value of the usual kind; false for another one, with which nothing was done. */
function fillQuick(cells: Cells, route: Route, native: number, units: Units): boolean {
  const { field, fieldIndex } = route
  if (field.codes !== null || field.flag || isEnergy(field)) return false
  if (!(native >= 0 && native < blankFrom(field))) return false
  if (native === 0 && field.zeroIsMissing) return false
  let { times, over } = field
  if (field.scale >= 0) {
    const unit = unitOf(field, units)
    if (unit === undefined || (native > 0 && native < unit.low) || native > unit.high) return false
    times = unit.times
    over = unit.over
  }
  const value = (native * times) / over
  if (!isPlausible(field.definition, value)) return false
  const { slot } = field
  cells.values[slot] = value
  // On all pages but the first the cell is the row's already.
  if (cells.fields[slot] === fieldIndex) return true
  cells.fields[slot] = fieldIndex
  cells.blocks[slot] = route.block
  cells.rows[slot] = route.row
  return true
}

function refuseRow(rejects: Rejects, page: Page, row: number, reason: RejectReason): void {
  rejects.add(reason, page.text, page.starts[row], page.ends[row])
}

/** Whether a value replaces what its cell holds; the same answer in any order of rows. */
function wins(
  cells: Cells,
  fieldIndex: number,
  value: number,
  block: LabelBlock,
  isHeld: IsHeld,
): boolean {
  const field = FIELDS[fieldIndex]
  if (field === undefined) return false
  const heldIndex = cells.fields[field.slot] ?? -1
  const heldField = FIELDS[heldIndex]
  const heldBlock = cells.blocks[field.slot]
  if (heldField === undefined || heldBlock === undefined) return true
  const held = cells.values[field.slot] ?? NaN
  if (Number.isNaN(value)) return false
  if (Number.isNaN(held)) return true
  if (field !== heldField) {
    return field.rank !== heldField.rank ? field.rank < heldField.rank : fieldIndex < heldIndex
  }
  // Copies drift by a sample: of a counter the largest is the newest, and it never steps back.
  if (field.largest) return value > held
  return precedes(block, heldBlock, isHeld)
}

/** The board's own row before an instance's, the device's row before a pod's, then a fixed order. */
function precedes(a: LabelBlock, b: LabelBlock, isHeld: IsHeld): boolean {
  const instance = instanceOrder(a) - instanceOrder(b)
  if (instance !== 0) return instance < 0
  const held = Number(isHeld(a)) - Number(isHeld(b))
  return held === 0 ? a.text < b.text : held < 0
}

function instanceOrder(block: LabelBlock): number {
  if (block.instance === null) return -1
  const id = Number.parseInt(block.instance, 10)
  return Number.isNaN(id) ? Number.MAX_SAFE_INTEGER : id
}

/** int64 blanks are 2^63 and a little more, all the same JS number. */
const INT64_BLANK = 9.2e18
const DOUBLE_BLANK = 140_737_488_355_328
const INT32_BLANK = 2_147_483_632
/** No board has more pages waiting than this. */
const FLAG_MAX = 65_536

/** From here on a value may be a blank. */
export const blankFrom = ({ wide }: NativeField): number => (wide ? INT64_BLANK : INT32_BLANK)

/** Empties some cells, so that the next page can be read into them. */
export function clearCells({ values, fields }: Cells, slots: readonly number[]): void {
  for (const slot of slots) {
    values[slot] = NaN
    fields[slot] = -1
  }
}

/** True for DCGM's blanks; where a field is `wide` only int64 blanks are out of its reach. */
export function isBlankValue(value: number, wide: boolean): boolean {
  if (value >= INT64_BLANK) return true
  return !wide && (value >= DOUBLE_BLANK || (value >= INT32_BLANK && value < INT32_BLANK + 4))
}

function whyRefused(field: NativeField, native: number, units: Units): RejectReason | null {
  if (isBlankValue(native, field.wide)) return 'blank_sentinel'
  if (native === 0 && field.zeroIsMissing) return null
  // Zero is zero in any unit.
  if (native === 0 && field.scale >= 0)
    return isPlausible(field.definition, 0) ? null : 'out_of_range'
  if (field.codes !== null) return field.codes.has(native) ? null : 'out_of_range'
  if (field.flag) return native >= 0 && native <= FLAG_MAX ? null : 'out_of_range'
  if (isEnergy(field)) return native > 0 ? null : 'out_of_range'
  if (field.scale >= 0) {
    const unit = unitOf(field, units)
    if (unit === undefined) return 'unit_unclear'
    if (native < unit.low || native > unit.high) return 'out_of_range'
  }
  return isPlausible(field.definition, canonical(field, native, units)) ? null : 'out_of_range'
}

/** Only for values that are not refused. */
function canonical(field: NativeField, native: number, units: Units): number {
  if (Number.isNaN(native) || (field.zeroIsMissing && native === 0)) return NaN
  if (field.codes !== null) return field.codes.get(native) ?? NaN
  if (field.flag) return native > 0 ? 1 : 0
  if (isEnergy(field)) return native
  // Zero is zero in any unit, so it needs none.
  const unit = field.scale < 0 ? field : unitOf(field, units)
  return unit === undefined ? 0 : (native * unit.times) / unit.over
}

function unitOf(field: NativeField, units: Units): ScaleUnit | undefined {
  return SCALE_GROUPS[field.scale]?.units[units[field.scale] ?? -1]
}

const isEnergy = (field: NativeField) => field.metric === 'energy_joules_total'
