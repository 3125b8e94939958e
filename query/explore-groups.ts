import type { ExploreAnswer, ExploreGroup, ExploreStat } from '#schemas/api-explore.ts'
import type { ExploreRow } from './queries/explore.ts'
import { chooseGrid, type Grid, stepSpanMs } from './steps.ts'
import { MINUTE_MS, type TimeWindow } from './window.ts'

export interface ExploreQuestion {
  readonly metric: string
  readonly stat: ExploreStat
  readonly groupBy?: string | undefined
  readonly filters: readonly string[]
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly points: number
}

/** What one family of metrics answers. */
export interface ExploreFinding {
  readonly window: TimeWindow
  readonly grid: Grid
  readonly settledUntilMs: number | null
  readonly isProvisional: boolean
  readonly resolution: ExploreAnswer['resolution']
  readonly per: ExploreAnswer['per']
  readonly places: ExploreAnswer['places']
  readonly heldFromMs: number | null
  readonly groups: readonly ExploreGroup[]
  readonly groupsTotal: number
}

/** Rows of the store on the grid of the answer. */
export function groupsOf(
  rows: readonly ExploreRow[],
  {
    grid,
    window,
    isGrouped,
    capacity,
  }: {
    readonly grid: Grid
    readonly window: TimeWindow
    readonly isGrouped: boolean
    /** Whether rows know the capacity of a step; else it is the time of those who spoke at all. */
    readonly capacity: 'told' | 'of_speakers'
  },
): ExploreGroup[] {
  return rows.map((row) => {
    const values: (number | null)[] = Array.from({ length: grid.count }, () => null)
    const coverage: (number | null)[] = Array.from({ length: grid.count }, () => 0)
    let [known, all] = [0, 0]
    const spanOf = (slot: number) => stepSpanMs(grid, window, slot) * row.sources
    row.slots.forEach((slot, at) => {
      const capacityMs = capacity === 'told' ? (row.capacity_ms[at] ?? 0) : spanOf(slot)
      const knownMs = Math.min(row.known_ms[at] ?? 0, capacityMs)
      values[slot] = row.values[at] ?? null
      coverage[slot] = capacityMs > 0 ? knownMs / capacityMs : null
      known += knownMs
      if (capacity === 'told') all += capacityMs
    })
    if (capacity === 'of_speakers') all = (window.toMs - window.fromMs) * row.sources
    return {
      key: isGrouped ? row.key : null,
      values,
      coverage,
      mean: row.mean,
      mean_coverage: all > 0 ? Math.min(1, known / all) : null,
      sources: row.sources,
    }
  })
}

/** Steps shorter than this hold no two readings of a counter that is read every minute. */
const COUNTER_STEP_MS = 5 * MINUTE_MS

/** The finest grid of at most `points` steps that are no shorter than `stepMs`. */
export function gridOf(window: TimeWindow, points: number, stepMs: number): Grid {
  const most = Math.max(1, Math.floor((window.toMs - window.fromMs) / stepMs))
  let grid = chooseGrid(window, Math.min(points, most + 1))
  for (let fewer = most; grid.stepMs < stepMs && fewer > 0; fewer -= 1)
    grid = chooseGrid(window, fewer)
  return grid
}

export const leastStepMs = (isCounter: boolean) => (isCounter ? COUNTER_STEP_MS : MINUTE_MS)

/** The grid and window as statements bind them. */
export const gridParams = (window: TimeWindow, grid: Grid) => ({
  from_s: window.fromMs / 1000,
  to_s: window.toMs / 1000,
  t0_s: grid.t0Ms / 1000,
  step_s: grid.stepMs / 1000,
})
