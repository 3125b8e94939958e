import { LEDGER_STATES, QUIET_BELOW_RATIO } from '#schemas/ledger.ts'
import {
  ageByte,
  emptyWall,
  marginByte,
  powerByte,
  ratioByte,
  WALL_UNKNOWN,
  type WallColumn,
  type WallData,
} from '#schemas/wall.ts'
import type { MinuteRow, NowRow } from '../queries/wall.ts'
import type { WallPlan } from './layout.ts'

const STATE = Object.fromEntries(LEDGER_STATES.map((state, at) => [state, at]))
const stateByte = (state: (typeof LEDGER_STATES)[number]) => STATE[state] ?? WALL_UNKNOWN

/** Ages are told by tens of seconds: else every device would change with every tick. */
const AGE_STEP_S = 10

const told = (value: number | undefined, scale: number) =>
  value === undefined || value < 0 ? null : value / scale

/** What the two statements have alike. */
type Lists = Pick<
  NowRow,
  'ids' | 'busy' | 'active' | 'effective' | 'margin' | 'heat_tenths' | 'watts'
>

function setFigures(
  wall: Record<WallColumn, Uint8Array>,
  place: number,
  { row, at, cap, slowdown }: { row: Lists; at: number; cap: number; slowdown: number },
): void {
  wall.busy[place] = ratioByte(told(row.busy[at], 1000))
  wall.active[place] = ratioByte(told(row.active[at], 1000))
  wall.effective[place] = ratioByte(told(row.effective[at], 1000))
  const margin = told(row.margin[at], 10)
  const heat = told(row.heat_tenths[at], 10)
  wall.margin[place] = marginByte(
    margin !== null ? margin - 100 : heat === null ? null : slowdown - heat,
  )
  const watts = told(row.watts[at], 1)
  wall.power[place] = powerByte(watts === null ? null : watts / cap)
}

/** A settled minute, and how many of its devices have no place any more. `caps`: highest power by place, watts. */
export function minuteWall(
  plan: WallPlan,
  row: MinuteRow,
  caps: Float32Array,
): { readonly data: WallData; readonly elsewhere: number } {
  const wall = emptyWall(plan.ids.length)
  let elsewhere = 0
  row.ids.forEach((id, at) => {
    const place = plan.placeOf.get(id)
    if (place === undefined) {
      elsewhere += 1
      return
    }
    wall.state[place] = row.state[at] ?? WALL_UNKNOWN
    wall.coverage[place] = ratioByte(told(row.coverage[at], 1000))
    const slowdown = plan.slowdownCelsius[place] ?? Number.NaN
    setFigures(wall, place, { row, at, cap: caps[place] ?? Number.NaN, slowdown })
  })
  return { data: wall, elsewhere }
}

/** Highest power by place: as the device says now, else by its model; NaN = not known. */
export function capsOf(plan: WallPlan, row: NowRow): Float32Array {
  const caps = plan.capWatts.slice()
  row.ids.forEach((id, at) => {
    const place = plan.placeOf.get(id)
    const cap = row.cap_watts[at] ?? -1
    if (place !== undefined && cap > 0) caps[place] = cap
  })
  return caps
}

/**
 * What devices are now. States are judged as a minute is (device_minutes), except for what needs hindsight: a quiet device is idle or
 * unallocated when the newest settled minute found it so (`settled`).
 */
export function liveWall(
  plan: WallPlan,
  row: NowRow,
  { caps, settled }: { readonly caps: Float32Array; readonly settled: WallData | null },
): WallData {
  const wall = emptyWall(plan.ids.length)
  plan.standing.forEach((standing, place) => {
    wall.state[place] = standing === 0 ? stateByte('unknown') : standing - 1
  })
  row.ids.forEach((id, at) => {
    const place = plan.placeOf.get(id)
    if (place === undefined) return
    const slowdown = plan.slowdownCelsius[place] ?? Number.NaN
    setFigures(wall, place, { row, at, cap: caps[place] ?? Number.NaN, slowdown })
    wall.coverage[place] = ageByte(Math.floor((row.age[at] ?? 0) / AGE_STEP_S) * AGE_STEP_S)
    if (plan.standing[place] === 0) {
      wall.state[place] = liveState(plan, place, {
        busy: told(row.busy[at], 1000),
        effective: told(row.effective[at], 1000),
        isCut: row.is_cut[at] === 1,
        settled: settled?.state[place] ?? WALL_UNKNOWN,
      })
    }
  })
  return wall
}

function liveState(
  plan: WallPlan,
  place: number,
  now: {
    readonly busy: number | null
    readonly effective: number | null
    readonly isCut: boolean
    readonly settled: number
  },
): number {
  if (now.busy === null) return stateByte('unknown')
  if (now.busy < QUIET_BELOW_RATIO) {
    if (plan.told[place] === 1 && plan.held[place] === 0) return stateByte('unallocated')
    const isIdle =
      now.settled === stateByte('idle_held') || now.settled === stateByte('unallocated')
    return isIdle && (plan.told[place] === 0 || now.settled === stateByte('idle_held'))
      ? now.settled
      : stateByte('productive')
  }
  if (now.isCut) return stateByte('throttled')
  const half = (plan.referencePpm[place] ?? 0) / 2_000_000
  return now.effective !== null && now.effective < half
    ? stateByte('inefficient')
    : stateByte('productive')
}
