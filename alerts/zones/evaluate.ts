import { levelsAt, ZONE_LINES, type ZoneLine } from '#schemas/alerts/zone-levels.ts'
import type { ZoneLevels, ZoneSet, ZoneSlice } from '#schemas/alerts/zone-set.ts'
import {
  isCovered,
  isHighBelow,
  isLowAbove,
  isSourceChanged,
  isUtilBelow,
  ppmOf,
  shortMinutes,
  SLICE_MS,
  type SliceLine,
  sliceLine,
} from './slices.ts'

/** What an evaluation looks back at: the three days of the slow loss. */
export const ZONE_HISTORY_MS = 3 * 86_400_000

const HOUR = 12
const SIX_HOURS = 72
const THREE_DAYS = 864
/** A line is left 3 points above it, for 15 minutes. */
const CLEAR_ABOVE_PPM = 30_000n
const CLEAR_SLICES = 3
/** Slices that a change of measurement spoils: the longest short window. */
const SOURCE_SLICES = 5
/** Long windows may lack this share of their slices. */
const LONG_PRESENT = 0.95

/** One line that is open. Plain numbers: it can be kept and compared. */
export interface OpenLine {
  /** Since when it is below, by the time of the data. */
  readonly sinceMs: number
  /** End of the slice that opened it. */
  readonly openedMs: number
  /** Capacity under the line since then, device-minutes. */
  readonly deviceMinutes: number
  /** By how much all of that time fell short of the target, known device-minutes. */
  readonly shortMinutes: number
}

/** Why nobody can say that a scope is well. */
export type HeldBecause = 'coverage' | 'source'

export interface ZoneState {
  /** End of the newest slice that was looked at; 0 = none yet. */
  readonly atMs: number
  readonly open: Readonly<Partial<Record<ZoneLine, OpenLine>>>
  readonly held: HeldBecause | null
}

export const NO_ZONE_STATE: ZoneState = { atMs: 0, open: {}, held: null }

/** The two ways into danger: the bound in 3 of 3 slices, and utilization over an hour and over five minutes. */
export const DANGER_WAYS = ['bound', 'hour'] as const
export type DangerWay = (typeof DANGER_WAYS)[number]

/** What one closed slice says of a scope. */
export interface ZoneOutcome extends ZoneState {
  /** `ok` only where it is known: never while held. */
  readonly state: 'ok' | 'firing' | 'held'
  /** The worst open line. */
  readonly zone: ZoneLine | null
  readonly levels: ZoneLevels | null
  readonly slice: ZoneSlice | null
}

/**
 * Evaluates each slice after `before` in turn (DEFINITIONS section 9). `slices` are the closed ones of up to
 * ZONE_HISTORY_MS, those already evaluated among them: windows look back. Fresh from NO_ZONE_STATE the same history
 * gives the same state, so none has to be stored. A replay may ask for one way into danger alone.
 */
export function evaluateZone(
  set: ZoneSet,
  slices: readonly ZoneSlice[],
  before: ZoneState = NO_ZONE_STATE,
  ways: readonly DangerWay[] = DANGER_WAYS,
): ZoneOutcome[] {
  const line: AskedSlices = { ...sliceLine(slices), ways }
  const outcomes: ZoneOutcome[] = []
  let state: ZoneState = before
  for (const at of line.slices.keys()) {
    if (line.fromMs + (at + 1) * SLICE_MS <= before.atMs) continue
    const outcome = step(set, line, { at, before: state })
    outcomes.push(outcome)
    state = outcome
  }
  return outcomes
}

/** Slices with what may make danger of them. */
interface AskedSlices extends SliceLine {
  readonly ways: readonly DangerWay[]
}

interface Step {
  /** Index of the slice. */
  readonly at: number
  readonly before: ZoneState
}

function step(set: ZoneSet, line: AskedSlices, { at, before }: Step): ZoneOutcome {
  const fromMs = line.fromMs + at * SLICE_MS
  const atMs = fromMs + SLICE_MS
  const slice = line.slices[at] ?? null
  const levels = levelsAt(set, fromMs)
  if (levels === null) return { atMs, open: {}, held: null, state: 'ok', zone: null, levels, slice }
  const held = heldBecause(line, at, before.held)
  const open: Partial<Record<ZoneLine, OpenLine>> = {}
  for (const name of ZONE_LINES) {
    const [levelPpm, targetPpm] = [ppmOf(levels[name]), ppmOf(levels.ticket)]
    const next = lineAfter(line, { at, name, levelPpm, targetPpm }, before, held)
    if (next !== null) open[name] = next
  }
  const zone = ZONE_LINES.findLast((name) => open[name] !== undefined) ?? null
  const state = stateOf(line, at, { held, zone, dangerPpm: ppmOf(levels.danger) })
  return { atMs, open, held, state, zone, levels, slice }
}

/** Certain danger comes before thin data, thin data before everything else. */
function stateOf(
  line: AskedSlices,
  at: number,
  found: {
    readonly held: HeldBecause | null
    readonly zone: ZoneLine | null
    readonly dangerPpm: bigint
  },
): ZoneOutcome['state'] {
  const { held, zone, dangerPpm } = found
  if (zone === 'danger' && dangerSince(line, at, dangerPpm) !== null) return 'firing'
  if (held !== null) return 'held'
  return zone === null ? 'ok' : 'firing'
}

interface AskedLine {
  readonly at: number
  readonly name: ZoneLine
  readonly levelPpm: bigint
  readonly targetPpm: bigint
}

function lineAfter(
  line: AskedSlices,
  { at, name, levelPpm, targetPpm }: AskedLine,
  before: ZoneState,
  held: HeldBecause | null,
): OpenLine | null {
  const isGone = lastSlices(line, at, CLEAR_SLICES).every((slice) => slice?.baseMs === 0n)
  if (isGone || isCleared(line, at, levelPpm)) return null
  const slice = line.slices[at] ?? null
  const opened = before.open[name]
  if (opened !== undefined) {
    const more = slice !== null && isUtilBelow(slice, levelPpm) ? minutesOf(slice.baseMs) : 0
    const short = opened.shortMinutes + shortMinutes(slice, targetPpm)
    return { ...opened, deviceMinutes: opened.deviceMinutes + more, shortMinutes: short }
  }
  // What is thin opens nothing but danger, which is then certain or asks for coverage itself.
  if (held !== null && name !== 'danger') return null
  const since = sinceOf(line, at, { name, levelPpm })
  if (since === null) return null
  const own = line.slices.slice(since, at + 1)
  const under = own.reduce(
    (sum, part) => sum + (part !== null && isUtilBelow(part, levelPpm) ? part.baseMs : 0n),
    0n,
  )
  return {
    sinceMs: line.fromMs + since * SLICE_MS,
    openedMs: line.fromMs + (at + 1) * SLICE_MS,
    deviceMinutes: minutesOf(under),
    shortMinutes: own.reduce((sum, part) => sum + shortMinutes(part, targetPpm), 0),
  }
}

/** Index of the slice since which a line's condition holds; null = it does not. */
function sinceOf(
  line: AskedSlices,
  at: number,
  { name, levelPpm }: Pick<AskedLine, 'name' | 'levelPpm'>,
) {
  if (name === 'danger') return dangerSince(line, at, levelPpm)
  if (name === 'ticket') return slowSince(line, at, levelPpm)
  const five = lastSlices(line, at, 5)
  const below = five.map(
    (slice) => slice !== null && isCovered(slice) && isUtilBelow(slice, levelPpm),
  )
  if (below.filter(Boolean).length < 3) return null
  return at - five.length + 1 + below.indexOf(true)
}

/** The bound in 3 of 3, or utilization itself over an hour and over five minutes where 95 % is known. */
function dangerSince(line: AskedSlices, at: number, levelPpm: bigint): number | null {
  const slice = line.slices[at] ?? null
  const run = runOf(line, at, (part) => isHighBelow(part, levelPpm))
  if (run >= 3 && line.ways.includes('bound')) return at - run + 1
  if (!line.ways.includes('hour')) return null
  if (slice === null || !isCovered(slice) || !isUtilBelow(slice, levelPpm)) return null
  const hour = line.sums(at - HOUR + 1, at + 1)
  if (hour.present < HOUR || !isCovered(hour) || !isUtilBelow(hour, levelPpm)) return null
  return at - runOf(line, at, (part) => isUtilBelow(part, levelPpm)) + 1
}

/** Below over six hours and over three days: a slow loss. */
function slowSince(line: SliceLine, at: number, levelPpm: bigint): number | null {
  const isSlow = [SIX_HOURS, THREE_DAYS].every((count) => {
    const window = line.sums(at - count + 1, at + 1)
    const isWhole = window.present >= count * LONG_PRESENT
    return isWhole && isCovered(window) && isUtilBelow(window, levelPpm)
  })
  return isSlow ? Math.max(0, at - SIX_HOURS + 1) : null
}

/** Above the line by more than 3 points for 15 minutes, even if every silent device were idle. */
const isCleared = (line: SliceLine, at: number, levelPpm: bigint): boolean =>
  runOf(line, at, (part) => isLowAbove(part, levelPpm + CLEAR_ABOVE_PPM)) >= CLEAR_SLICES

function heldBecause(line: SliceLine, at: number, before: HeldBecause | null): HeldBecause | null {
  const [slice = null, previous = null] = lastSlices(line, at, 2).toReversed()
  const isThin = (part: ZoneSlice | null) => part === null || (part.baseMs > 0n && !isCovered(part))
  // Ten minutes to begin, one good slice to end.
  if (isThin(slice) && (before === 'coverage' || (at > 0 && isThin(previous)))) return 'coverage'
  const isChanged = lastSlices(line, at, SOURCE_SLICES).some(
    (part) => part !== null && isSourceChanged(part),
  )
  return isChanged ? 'source' : null
}

/** How many slices up to this one hold, in an unbroken row. */
function runOf(line: SliceLine, at: number, holds: (slice: ZoneSlice) => boolean): number {
  let count = 0
  for (let index = at; index >= 0; index -= 1) {
    const slice = line.slices[index] ?? null
    if (slice === null || !holds(slice)) break
    count += 1
  }
  return count
}

const lastSlices = (line: SliceLine, at: number, count: number) =>
  line.slices.slice(Math.max(0, at - count + 1), at + 1)

const minutesOf = (ms: bigint): number => Number(ms / 60_000n)
