import type { FacilityLoop, LoopState } from '#schemas/api-facility-tree.ts'

/** Cooling loops -> what the page draws. Pure; what is not known stays null. */

/** As the API orders them; its own list would bring the schemas' checker into the page. */
export const LOOP_STATES_WORST_FIRST = [
  'alarm',
  'warning',
  'unknown',
  'ok',
] as const satisfies readonly LoopState[]

export interface Box {
  readonly width: number
  readonly height: number
}

/** Ends of a line's axis: the data with a tenth of air, and never less than `least` wide, so that noise is no trouble. */
export function axisOf(
  values: readonly (number | null)[],
  least: number,
): { readonly min: number; readonly max: number } | null {
  const known = values.filter((value) => value !== null)
  if (known.length === 0) return null
  const [low, high] = [Math.min(...known), Math.max(...known)]
  const spread = Math.max(least, (high - low) * 1.2)
  const middle = (low + high) / 2
  return { min: middle - spread / 2, max: middle + spread / 2 }
}

/** Paths of the known runs of a line; what is not known is a hole, not a bridge. */
export function linesOf(
  values: readonly (number | null)[],
  { min, max }: { readonly min: number; readonly max: number },
  box: Box,
): string[] {
  const x = (at: number) => (at / Math.max(1, values.length - 1)) * box.width
  const y = (value: number) => box.height - ((value - min) / (max - min)) * box.height
  const runs: string[][] = []
  let isOpen = false
  for (const [at, value] of values.entries()) {
    if (value === null) isOpen = false
    else {
      const point = `${x(at).toFixed(1)} ${y(value).toFixed(1)}`
      if (isOpen) runs.at(-1)?.push(point)
      else runs.push([point])
      isOpen = true
    }
  }
  // A lone minute is a short stroke, or nobody would see it.
  return runs.map((points) => (points.length === 1 ? `M${points[0]}h1` : `M${points.join('L')}`))
}

/** Holes of a line as places on its box: they are hatched. */
export function holesOf(
  values: readonly (number | null)[],
  width: number,
): { readonly x: number; readonly width: number }[] {
  const step = width / Math.max(1, values.length - 1)
  const holes: { x: number; width: number }[] = []
  let begun: number | null = null
  for (let at = 0; at <= values.length; at += 1) {
    const isMissing = at < values.length && values[at] === null
    if (isMissing) begun ??= at
    else if (begun !== null) {
      const from = Math.max(0, (begun - 1) * step)
      holes.push({ x: from, width: Math.min(width, at * step) - from })
      begun = null
    }
  }
  return holes
}

/** What is at risk on loops in alarm. */
export function atRisk(loops: readonly FacilityLoop[]): {
  readonly devices: number
  readonly jobs: number
} {
  const alarms = loops.filter(({ state }) => state === 'alarm')
  return {
    devices: alarms.reduce((sum, { on_it: on }) => sum + on.devices, 0),
    jobs: alarms.reduce((sum, { on_it: on }) => sum + on.jobs_total, 0),
  }
}

export function countStates(loops: readonly FacilityLoop[]): Readonly<Record<LoopState, number>> {
  const counts: Record<LoopState, number> = { alarm: 0, warning: 0, unknown: 0, ok: 0 }
  for (const { state } of loops) counts[state] += 1
  return counts
}

/** Loops dealt out to columns in turn, so that the first rows hold the worst. */
export function columnsOf(
  loops: readonly FacilityLoop[],
  columns: number,
): readonly (readonly FacilityLoop[])[] {
  const count = Math.min(columns, Math.max(1, loops.length))
  return Array.from({ length: count }, (_, column) =>
    loops.filter((_loop, at) => at % count === column),
  )
}

/** How a pump or a leak detector stands: unavailable is not ok, and what is not fitted is neither. */
export function standingOf(state: string): LoopState | 'absent' {
  if (state === 'ok' || state === 'running' || state === 'standby') return 'ok'
  if (state === 'critical') return 'alarm'
  if (state === 'failed' || state === 'warning') return 'warning'
  return state === 'absent' ? 'absent' : 'unknown'
}

/** The part of a point's name below its unit. */
export const pointName = (meter: string, unit: string): string =>
  meter.startsWith(`${unit}/`) ? meter.slice(unit.length + 1) : meter

export const loopAnchor = (loop: string): string => `loop-${encodeURIComponent(loop)}`

/** The loop that a rack of a hall hangs on, by what the loops themselves say. */
export function loopOfRack(
  loops: readonly FacilityLoop[],
  place: { readonly hall: string; readonly rack: string },
): FacilityLoop | null {
  if (place.rack === '') return null
  const found = loops.find(
    ({ hall, on_it: on }) => (hall === '' || hall === place.hall) && on.racks.includes(place.rack),
  )
  return found ?? null
}
