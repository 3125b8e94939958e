import { localDayStart } from './local-day.ts'
import { DAY_MS, MINUTE_MS, type TimeWindow } from './window.ts'

export const POINTS_DEFAULT = 300
export const POINTS_MAX = 2000

/** Steps a person reads easily, in minutes; each divides a day, longer ones are whole days. */
const STEP_MINUTES = [1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440]

/** Steps on the epoch grid: step i is [t0 + i x step, …), the first and last may reach over the window. */
export interface Grid {
  readonly t0Ms: number
  readonly stepMs: number
  readonly count: number
}

/** The finest grid of at most `points` steps over a window. */
export function chooseGrid(window: TimeWindow, points: number): Grid {
  for (const minutes of STEP_MINUTES) {
    const grid = gridOf(window, minutes * MINUTE_MS)
    if (grid.count <= points) return grid
  }
  for (let days = 2; ; days += 1) {
    const grid = gridOf(window, days * 1440 * MINUTE_MS)
    // A window that straddles one grid line has two steps, however long they are.
    if (grid.count <= Math.max(points, 2)) return grid
  }
}

/**
 * The same, but steps of whole days are days of the site. Where its clocks change within the window they stay days
 * of UTC: local days are not of one length there.
 */
export function chooseSiteGrid(
  window: TimeWindow,
  points: number,
  timeZone: string,
): { readonly grid: Grid; readonly areLocalDays: boolean } {
  const grid = chooseGrid(window, points)
  if (grid.stepMs % DAY_MS !== 0) return { grid, areLocalDays: false }
  const offsetMs = localDayStart(window.fromMs, timeZone) % DAY_MS
  const isSteady = localDayStart(window.toMs, timeZone) % DAY_MS === offsetMs
  if (!isSteady) return { grid, areLocalDays: false }
  return { grid: gridOf(window, grid.stepMs, offsetMs), areLocalDays: true }
}

function gridOf(window: TimeWindow, stepMs: number, offsetMs = 0): Grid {
  const t0Ms = Math.floor((window.fromMs - offsetMs) / stepMs) * stepMs + offsetMs
  return { t0Ms, stepMs, count: Math.ceil((window.toMs - t0Ms) / stepMs) }
}

/** How much of step `index` lies inside the window, ms. */
export function stepSpanMs(grid: Grid, window: TimeWindow, index: number): number {
  const start = grid.t0Ms + index * grid.stepMs
  return Math.min(start + grid.stepMs, window.toMs) - Math.max(start, window.fromMs)
}
