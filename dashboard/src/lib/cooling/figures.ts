import type { DeviceLimit, FacilityLoop, LoopState } from '#schemas/api-facility-tree.ts'
import { decimal, type Lang, percent, quantity } from '#lib/format.ts'

/** Cooling loops -> what the page draws. Pure; what is not known stays null. */

/** As the API orders them; its own list would bring the schemas' checker into the page. */
export const LOOP_STATES_WORST_FIRST = [
  'alarm',
  'warning',
  'unknown',
  'ok',
] as const satisfies readonly LoopState[]

/** A limit in its unit; metrics are canonical. */
export function limitText(metric: string, value: number, lang: Lang): string {
  if (metric.endsWith('_celsius')) return quantity(value, 'celsius', lang)
  if (metric.endsWith('_ratio')) return percent(value, lang)
  if (metric.endsWith('_pascals')) return `${decimal(value / 1000, lang, 0)}\u202fkPa`
  return `${decimal(value, lang)}\u202fL/min`
}

/** The levels of a side in words, the one that comes first on the way out first. */
export const limitLevels = (
  { metric, warning, alarm }: DeviceLimit,
  words: { readonly warning: (text: string) => string; readonly alarm: (text: string) => string },
  lang: Lang,
): string[] => [
  ...(warning === null ? [] : [words.warning(limitText(metric, warning, lang))]),
  ...(alarm === null ? [] : [words.alarm(limitText(metric, alarm, lang))]),
]

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

/**
 * Where one of the lines has a hole, as places on their box: they are hatched. The newest minute alone is none: it is
 * under way.
 */
export function holesOf(
  lines: readonly (readonly (number | null)[])[],
  width: number,
): { readonly x: number; readonly width: number }[] {
  const whole = Math.max(0, ...lines.map((line) => line.length))
  const step = width / Math.max(1, whole - 1)
  const isHole = (at: number) => lines.some((line) => (line[at] ?? null) === null)
  const count = isHole(whole - 1) && !isHole(whole - 2) ? whole - 1 : whole
  const holes: { x: number; width: number }[] = []
  let begun: number | null = null
  for (let at = 0; at <= count; at += 1) {
    if (at < count && isHole(at)) begun ??= at
    else if (begun !== null) {
      const from = Math.max(0, (begun - 1) * step)
      holes.push({ x: from, width: Math.min(width, at * step) - from })
      begun = null
    }
  }
  return holes
}

/** What a line says now: the minute under way may not have been told yet. Null = it is silent. */
export const newestOf = (line: readonly (number | null)[]): number | null =>
  line.at(-1) ?? line.at(-2) ?? null

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

/** How many points are in each state, the most frequent first. */
export function countByState(
  points: readonly { readonly state: string }[],
): readonly { readonly state: string; readonly points: number }[] {
  return [...Map.groupBy(points, ({ state }) => state)]
    .map(([state, some]) => ({ state, points: some.length }))
    .toSorted((a, b) => b.points - a.points || (a.state < b.state ? -1 : 1))
}

/** How a pump or a leak detector stands: unavailable is not ok, and what is not fitted is neither. */
export function standingOf(state: string): LoopState | 'absent' {
  if (state === 'ok' || state === 'running' || state === 'standby') return 'ok'
  if (state === 'critical') return 'alarm'
  if (state === 'failed' || state === 'warning') return 'warning'
  return state === 'absent' ? 'absent' : 'unknown'
}

/** Minutes until something happens: tenths where every one counts. */
export const minutesText = (minutes: number, lang: Lang): string =>
  decimal(minutes, lang, minutes < 10 ? 1 : 0)

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
