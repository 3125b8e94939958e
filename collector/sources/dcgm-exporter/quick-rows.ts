import { blankFrom, type Cells, type Route } from './cells.ts'
import { SCALE_GROUPS } from './scales.ts'
import type { Units } from './units.ts'

/** A row whose cell is its own on every page, and where that cell stands among those of all devices. */
export interface QuickRoute {
  readonly route: Route
  readonly into: Cells
  readonly at: number
}

export interface QuickRows {
  /**
   * Puts the values of a page, by row, into the cells of all devices. Positions of the rows with a value of another kind
   * are left in `rest`, which did nothing with them; returns their number.
   */
  fill(values: readonly number[], units: Units, cells: Float64Array): number
  readonly rest: Uint32Array
}

/** Whether `createQuickRows` knows what to do with a row: codes and flags it does not. */
export const isQuick = ({ field, isAlone, isRepeat, isWholeOnMig }: Route): boolean =>
  isAlone && !isRepeat && !isWholeOnMig && field.codes === null && !field.flag

/**
 * Reads rows as `fillCell` does where their values are of the usual kind: what there is to know of a field stands in
 * arrays, because history has a hundred rows a page and millions of pages.
 */
export function createQuickRows(routes: readonly QuickRoute[]): QuickRows {
  const count = routes.length
  const rows = Uint32Array.from(routes, ({ route }) => route.row)
  const places = Uint32Array.from(routes, ({ at }) => at)
  const isEnergy = routes.map(({ route }) => route.field.metric === 'energy_joules_total')
  // Energy stays native until its unit is settled.
  const lowest = Float64Array.from(routes, ({ route }, at) =>
    isEnergy[at] === true ? -Infinity : route.field.definition.min,
  )
  const highest = Float64Array.from(routes, ({ route }, at) =>
    isEnergy[at] === true ? Infinity : route.field.definition.max,
  )
  const blanks = Float64Array.from(routes, ({ route }) => blankFrom(route.field))
  const lows = new Float64Array(count)
  const highs = new Float64Array(count).fill(Infinity)
  const times = Float64Array.from(routes, ({ route }) => route.field.times)
  const overs = Float64Array.from(routes, ({ route }) => route.field.over)
  const zeros = Uint8Array.from(routes, ({ route }, at) =>
    route.field.zeroIsMissing || isEnergy[at] === true ? 0 : 1,
  )
  const known: number[] = SCALE_GROUPS.map(() => Number.NaN)
  const rest = new Uint32Array(count)
  const learn = (units: Units) => {
    for (let group = 0; group < known.length; group += 1) known[group] = units[group] ?? -1
    for (const [at, { route }] of routes.entries()) {
      const { scale, zeroIsMissing } = route.field
      if (scale < 0 || isEnergy[at] === true) continue
      const unit = SCALE_GROUPS[scale]?.units[units[scale] ?? -1]
      lows[at] = unit?.low ?? Infinity
      highs[at] = unit?.high ?? -Infinity
      times[at] = unit?.times ?? Number.NaN
      overs[at] = unit?.over ?? Number.NaN
      zeros[at] = unit === undefined || zeroIsMissing ? 0 : 1
    }
  }
  const isKnown = (units: Units): boolean => {
    for (let group = 0; group < known.length; group += 1)
      if (known[group] !== units[group]) return false
    return true
  }
  return {
    rest,
    fill(values, units, cells) {
      if (!isKnown(units)) learn(units)
      let others = 0
      for (let at = 0; at < count; at += 1) {
        const native = values[rows[at] ?? 0] ?? Number.NaN
        const fits =
          native > 0
            ? native >= (lows[at] ?? 0) && native <= (highs[at] ?? 0) && native < (blanks[at] ?? 0)
            : native === 0 && zeros[at] === 1
        const value = (native * (times[at] ?? 1)) / (overs[at] ?? 1)
        if (fits && value >= (lowest[at] ?? 0) && value <= (highest[at] ?? 0))
          cells[places[at] ?? 0] = value
        else {
          rest[others] = at
          others += 1
        }
      }
      return others
    },
  }
}
