import { newCounterMemory, type CounterMemory } from './counters.ts'
import { FIELDS } from './map.ts'
import type { Page } from './parse.ts'
import { SCALE_GROUPS } from './scales.ts'

/** What a source remembers of one target between reads: units its exporter uses, how far counters were. */
export interface UnitMemory {
  /** Scale group name -> unit index, from evidence only, never from assumptions. */
  readonly decided: Map<string, number>
  /** Device key -> energy counter at its last change, to tell mJ from J by power x time. */
  readonly energy: Map<string, EnergySample>
  readonly counters: CounterMemory
}

export interface EnergySample {
  raw: number
  watts: number
  atMs: number
}

/** A device's energy counter, native, and its power. */
export interface EnergyCounter {
  readonly key: string
  readonly raw: number
  readonly watts: number
}

/** A memory that knows nothing yet. */
export function newUnitMemory(): UnitMemory {
  return { decided: new Map(), energy: new Map(), counters: newCounterMemory() }
}

/** Narrows what a target's memory holds. */
function isUnitMemory(value: unknown): value is UnitMemory {
  return (
    typeof value === 'object' &&
    value !== null &&
    'decided' in value &&
    value.decided instanceof Map &&
    'energy' in value &&
    value.energy instanceof Map &&
    'counters' in value &&
    value.counters instanceof Map
  )
}

const MEMORY_KEY = 'units'

/** The unit memory among what is kept of a target; made on first sight. */
export function unitMemoryOf(kept: Map<string, unknown>): UnitMemory {
  const known = kept.get(MEMORY_KEY)
  const memory = isUnitMemory(known) ? known : newUnitMemory()
  kept.set(MEMORY_KEY, memory)
  return memory
}

/** Unit index of each scale group on this page; -1 where the evidence is missing or disagrees. */
export type Units = readonly number[]

/** Two of three votes settle a unit: one garbage value must not, and must not spoil its neighbours. */
const MAJORITY = 2 / 3
const UNCLEAR = -1
/** No evidence. */
const UNKNOWN = -2
/** Families whose new unit says that the page uses new units. */
const MOVING = SCALE_GROUPS.map(({ name }) => name === 'clock' || name === 'memory')

/**
 * Settles the native unit of each family for the whole page: by the range of its values first, then by
 * what this target was seen to use before, then by what the field's name says. Never value by value:
 * 1 is 1 % or 100 %, and only its neighbours tell. `scaled` are the rows that can tell, where they are known.
 */
export function settleUnits(
  page: Page,
  memory: UnitMemory,
  scaled: ScaledRows = scaledRows(page),
): Units {
  return unitsByVotes(countVotes(page, scaled), memory)
}

function unitsByVotes(votes: Float64Array, memory: UnitMemory): Units {
  const units: number[] = []
  let isMoved = false
  for (let group = 0; group < SCALE_GROUPS.length; group += 1) {
    const unit = unitByVotes(group, votes, memory) ?? UNKNOWN
    units.push(unit)
    if (unit === 1 && MOVING[group] === true) isMoved = true
  }
  // In place, and by position: this runs for every page.
  for (let group = 0; group < SCALE_GROUPS.length; group += 1) {
    const known = SCALE_GROUPS[group]
    const isWaiting = known?.page === 'waits' && !isMoved
    if (!isWaiting && units[group] !== UNKNOWN) continue
    const isDoubted = !isWaiting && known?.page !== 'ignores' && isMoved
    units[group] = isDoubted ? UNCLEAR : (known?.assumed ?? UNCLEAR)
  }
  return units
}

/** From evidence: a unit index, or UNCLEAR where it disagrees; undefined where there is none. */
function unitByVotes(group: number, votes: Float64Array, memory: UnitMemory): number | undefined {
  const name = SCALE_GROUPS[group]?.name ?? ''
  const first = votes[group * 2] ?? 0
  const second = votes[group * 2 + 1] ?? 0
  const total = first + second
  if (total === 0) return memory.decided.get(name)
  const winner = first >= second ? 0 : 1
  if (Math.max(first, second) / total < MAJORITY) return memory.decided.get(name) ?? UNCLEAR
  if (SCALE_GROUPS[group]?.page !== 'waits') memory.decided.set(name, winner)
  return winner
}

/** -1 read as unsigned: seen as utilization, and inside the range of a clock in hertz. */
const UINT32_GARBAGE = 4_294_967_295

/** Rows of fields whose unit differs between exporters, as columns: they are looked at on every page. */
export interface ScaledRows {
  readonly rows: Uint32Array
  /** Positions in SCALE_GROUPS. */
  readonly groups: Uint8Array
  /** Native values that fit the group's first unit, and its second: four for each row. */
  readonly ranges: Float64Array
}

/** The rows that tell which units a page uses. */
export function scaledRows({ fields }: Page): ScaledRows {
  const rows: number[] = []
  const groups: number[] = []
  const ranges: number[] = []
  for (let row = 0; row < fields.length; row++) {
    const group = FIELDS[fields[row] ?? -1]?.scale ?? -1
    const units = SCALE_GROUPS[group]?.units
    if (units === undefined) continue
    rows.push(row)
    groups.push(group)
    ranges.push(units[0].low, units[0].high, units[1].low, units[1].high)
  }
  return {
    rows: Uint32Array.from(rows),
    groups: Uint8Array.from(groups),
    ranges: Float64Array.from(ranges),
  }
}

function countVotes(page: Page, { rows, groups, ranges }: ScaledRows): Float64Array {
  const votes = new Float64Array(SCALE_GROUPS.length * 2)
  const { values } = page
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] ?? 0
    const value = values[row] ?? NaN
    if (!(value > 0) || value === UINT32_GARBAGE) continue
    const range = 4 * at
    const first = value >= (ranges[range] ?? 0) && value <= (ranges[range + 1] ?? 0)
    const second = value >= (ranges[range + 2] ?? 0) && value <= (ranges[range + 3] ?? 0)
    const vote = 2 * (groups[at] ?? 0)
    if (first !== second) {
      const voted = first ? vote : vote + 1
      votes[voted] = (votes[voted] ?? 0) + 1
    } else if (first && value === 1 && isPrintedAsFraction(page, row)) {
      // Percent is an integer field: `1.000000` can only be the ratio.
      votes[vote + 1] = (votes[vote + 1] ?? 0) + 1
    }
  }
  return votes
}

function isPrintedAsFraction(page: Page, row: number): boolean {
  const end = page.ends[row] ?? 0
  const brace = page.text.lastIndexOf('}', end - 1)
  const point = page.text.indexOf('.', brace)
  return point > 0 && point < end
}

const ENERGY_GAP_MS = 20_000
const ENERGY_KEPT_MS = 600_000

/**
 * Compares how far energy counters moved with power x time since the last change, and settles mJ or J
 * when the devices agree. `current` holds native values. Undefined while there is nothing to compare.
 */
export function measureEnergyUnit(
  memory: UnitMemory,
  current: readonly EnergyCounter[],
  nowMs: number,
  limit: number,
): number | undefined {
  let millijoules = 0
  let joules = 0
  for (const { key, raw, watts } of current) {
    const before = memory.energy.get(key)
    const elapsedMs = before === undefined ? 0 : nowMs - before.atMs
    if (
      before !== undefined &&
      raw > before.raw &&
      elapsedMs >= ENERGY_GAP_MS &&
      elapsedMs < ENERGY_KEPT_MS
    ) {
      // Native units per joule expected from power: 1,000 for mJ, 1 for J.
      const perJoule = (raw - before.raw) / (((watts + before.watts) / 2) * (elapsedMs / 1000))
      if (perJoule > 250 && perJoule < 4000) millijoules++
      else if (perJoule > 0.25 && perJoule < 4) joules++
    }
    const isStale = before === undefined || raw < before.raw || elapsedMs >= ENERGY_GAP_MS
    if (!isStale || raw === before?.raw) continue
    if (before === undefined) {
      if (memory.energy.size < limit) memory.energy.set(key, { raw, watts, atMs: nowMs })
    } else {
      before.raw = raw
      before.watts = watts
      before.atMs = nowMs
    }
  }
  const total = millijoules + joules
  if (total === 0 || Math.max(millijoules, joules) / total < MAJORITY) return undefined
  return millijoules > joules ? 0 : 1
}
