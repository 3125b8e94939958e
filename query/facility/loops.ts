import {
  type DeviceLimit,
  type FacilityLoop,
  type FacilityLoopsAnswer,
  LOOP_STATES,
} from '#schemas/api-facility-tree.ts'
import { type FacilityBook, facilityAt, type LoopRow } from '#schemas/facility.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { memo } from '../memo.ts'
import { loopEvents, type LoopEventRow, loopHistory } from '../queries/facility-loops.ts'
import { DAY_MS, iso, MINUTE_MS } from '../window.ts'
import type { FacilityDeps } from './deps.ts'
import { loopHeat, meanOf, mostOf, sumOf } from './loop-heat.ts'
import { createRackPlaces, itMetersOf, onLoop, type RackPlace } from './loop-places.ts'
import { partEvents } from './loop-limits.ts'
import { loopReasons, worstOf } from './loop-state.ts'
import {
  coolantOf,
  pointsByThing,
  lessOf,
  type LoopFacts,
  loopUnit,
  pointsOfUnit,
  sidePoint,
  valueOf,
} from './loop-units.ts'
import { readTrends, type TrendOf } from './loop-trend.ts'

/** Loops are worked out once for all who look for as long as this. */
const TTL_MS = 3_000
/** How far back values are looked at. */
const HISTORY_MS = 15 * MINUTE_MS
/** How far back the beginning of what is still open is looked for. */
const EVENTS_MS = 30 * DAY_MS

/**
 * GET /api/v1/facility/loops: cooling loops now, the worst first, with their units, heat balance, what is wrong since
 * when, and the devices that hang on them. Rejects with E_JOURNAL_AWAY before the journal was ever read, and the
 * reader's errors.
 */
export function createFacilityLoops(deps: FacilityDeps): () => Promise<FacilityLoopsAnswer> {
  const places = createRackPlaces(deps)
  return memo(deps.clock, TTL_MS, async () => {
    const { facility } = await deps.documents()
    const { atMs, heard } = await deps.heardNow()
    const book = facilityAt(facility, atMs)
    const answer = { definition: DEFINITION_SET, simulated: deps.simulated, at: iso(atMs) }
    if (book.loops.length === 0) return { ...answer, loops: [] }
    const units = [...new Set(book.loops.flatMap((loop) => loop.units))]
    const it = book.loops.flatMap((loop) => itMetersOf(loop, book.meters, itLevelOf(book)))
    const points = pointsByThing(heard)
    const own = units.flatMap((unit) => pointsOfUnit(unit, { points }))
    const sides = units.map((unit) => sidePoint(unit, 'secondary', pointsOfUnit(unit, { points })))
    const [history, events, racks, trend] = await Promise.all([
      readHistory(deps, atMs, [...own, ...it]),
      loopEvents.run(deps.reader, { units, from_ms: atMs - EVENTS_MS, to_ms: atMs }),
      places(),
      readTrends(
        deps,
        atMs,
        sides.filter((point) => point !== null),
      ),
    ])
    const facts = { atMs, heard, points, history }
    const { findings, limits } = partEvents(events)
    return {
      ...answer,
      loops: book.loops
        .map((loop) => loopOf(loop, facts, { book, events: findings, limits, racks, trend }))
        .sort((a, b) => rank(a) - rank(b) || (a.loop < b.loop ? -1 : 1)),
    }
  })
}

const rank = ({ state }: FacilityLoop) => LOOP_STATES.indexOf(state)
const itLevelOf = ({ sites: [site] }: FacilityBook) => site?.it_level ?? null

export async function readHistory(
  { reader }: Pick<FacilityDeps, 'reader'>,
  atMs: number,
  meters: readonly string[],
): Promise<LoopFacts['history']> {
  if (meters.length === 0) return new Map()
  const range = { from_ms: atMs - HISTORY_MS, to_ms: atMs }
  const rows = await loopHistory.run(reader, { ...range, meters: [...new Set(meters)] })
  return new Map(rows.map((row) => [`${row.meter_name}\n${row.metric_name}`, row]))
}

function loopOf(
  loop: LoopRow,
  facts: LoopFacts,
  given: {
    readonly book: FacilityBook
    readonly events: readonly LoopEventRow[]
    readonly limits: readonly DeviceLimit[]
    readonly racks: readonly RackPlace[]
    readonly trend: TrendOf
  },
): FacilityLoop {
  const coolant = coolantOf(loop)
  const roomDewPoint = loop.room === '' ? null : valueOf(facts, loop.room, 'dew_point_celsius')
  const { trend, limits } = given
  const units = loop.units.map((unit) =>
    loopUnit(unit, facts, { coolant, roomDewPoint, trend, limits }),
  )
  const { supply_celsius, delta_kelvin, flow_liters_per_minute, capacity_watts } = loop.design
  const own = given.events.filter(({ unit }) => loop.units.includes(unit))
  const listed = given.book.meters.map(({ meter }) => meter)
  const reasons = loopReasons({ units, events: own, listed }, facts)
  const state = worstOf(reasons)
  const since = reasons.filter((reason) => reason.state === state).map((reason) => reason.since)
  const byFlow = (read: (unit: (typeof units)[number]) => number | null) =>
    meanOf(units.map((unit) => ({ value: read(unit), weight: unit.flow_liters_per_minute })))
  const supply = byFlow((unit) => unit.supply_celsius)
  const back = byFlow((unit) => unit.return_celsius)
  const rise = mostOf(units.map((unit) => unit.rise_kelvin_per_minute))
  const margins = units.map((unit) => lessOf(0, unit.dew_point_margin_kelvin))
  return {
    loop: loop.loop,
    name: loop.name,
    hall: loop.hall,
    state,
    reasons,
    since: since.filter((time) => time !== null).sort()[0] ?? null,
    supply_celsius: supply,
    return_celsius: back,
    delta_kelvin: lessOf(back, supply),
    flow_liters_per_minute: sumOf(units.map((unit) => unit.flow_liters_per_minute)),
    approach_kelvin_max: mostOf(units.map((unit) => unit.approach_kelvin)),
    dew_point_margin_kelvin_min: lessOf(0, mostOf(margins)),
    design: { supply_celsius, delta_kelvin, flow_liters_per_minute, capacity_watts },
    rise_kelvin_per_minute_max: rise,
    heat: loopHeat(loop, facts, {
      units,
      coolant,
      itMeters: itMetersOf(loop, given.book.meters, itLevelOf(given.book)),
    }),
    units,
    on_it: onLoop(loop, given.racks, rise),
  }
}
