import { newCounterMemory, type CounterMemory } from './counters.ts'
import { FIELDS } from './map.ts'
import type { Page } from './parse.ts'
import { SCALE_GROUPS, type ScaleUnit } from './scales.ts'

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

/** Device key -> its energy counter, native, and its power. */
export type EnergyCounters = ReadonlyMap<string, { readonly raw: number; readonly watts: number }>

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

/**
 * Settles the native unit of each family for the whole page: by the range of its values first, then by
 * what this target was seen to use before, then by what the field's name says. Never value by value:
 * 1 is 1 % or 100 %, and only its neighbours tell. `scaled` are the rows that can tell, where they are known.
 */
export function settleUnits(
  page: Page,
  memory: UnitMemory,
  scaled: readonly ScaledRow[] = scaledRows(page),
): Units {
  const votes = countVotes(page, scaled)
  const first = SCALE_GROUPS.map((_, group) => unitByVotes(group, votes, memory))
  const isMoved = SCALE_GROUPS.some(
    ({ name }, group) => (name === 'clock' || name === 'memory') && first[group] === 1,
  )
  return SCALE_GROUPS.map((known, group) => {
    if (known.page === 'waits' && !isMoved) return known.assumed ?? UNCLEAR
    const isDoubted = known.page !== 'ignores' && isMoved
    return first[group] ?? (isDoubted ? UNCLEAR : (known.assumed ?? UNCLEAR))
  })
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

/** A row of a field whose unit differs between exporters. */
export interface ScaledRow {
  readonly row: number
  /** Position in SCALE_GROUPS. */
  readonly group: number
  readonly units: readonly [ScaleUnit, ScaleUnit]
}

/** The rows that tell which units a page uses. */
export function scaledRows({ fields }: Page): ScaledRow[] {
  const rows: ScaledRow[] = []
  for (let row = 0; row < fields.length; row++) {
    const group = FIELDS[fields[row] ?? -1]?.scale ?? -1
    const units = SCALE_GROUPS[group]?.units
    if (units !== undefined) rows.push({ row, group, units })
  }
  return rows
}

function countVotes(page: Page, rows: readonly ScaledRow[]): Float64Array {
  const votes = new Float64Array(SCALE_GROUPS.length * 2)
  for (const { row, group, units } of rows) {
    const value = page.values[row] ?? NaN
    if (!(value > 0) || value === UINT32_GARBAGE) continue
    const first = fits(units[0], value)
    const second = fits(units[1], value)
    if (first !== second)
      votes[group * 2 + (first ? 0 : 1)] = (votes[group * 2 + (first ? 0 : 1)] ?? 0) + 1
    else if (first && value === 1 && isPrintedAsFraction(page, row)) {
      // Percent is an integer field: `1.000000` can only be the ratio.
      votes[group * 2 + 1] = (votes[group * 2 + 1] ?? 0) + 1
    }
  }
  return votes
}

function fits(unit: ScaleUnit, value: number): boolean {
  return value >= unit.low && value <= unit.high
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
  current: EnergyCounters,
  nowMs: number,
  limit: number,
): number | undefined {
  let millijoules = 0
  let joules = 0
  for (const [key, { raw, watts }] of current) {
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
