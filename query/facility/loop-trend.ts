import type { UnitTrend } from '#schemas/api-facility-tree.ts'
import { loopTrend } from '../queries/facility-loops.ts'
import { floorMinute, HOUR_MS, MINUTE_MS } from '../window.ts'
import type { FacilityDeps } from './deps.ts'

const MINUTES = HOUR_MS / MINUTE_MS

/** The last hour of a point by the minute; of null, and of a point that said nothing, an hour of nothing. */
export type TrendOf = (point: string | null) => UnitTrend

/** The last hour of some points, the minute under way included. Rejects with the reader's errors. */
export async function readTrends(
  { reader }: Pick<FacilityDeps, 'reader'>,
  atMs: number,
  points: readonly string[],
): Promise<TrendOf> {
  const t0 = floorMinute(atMs) - (MINUTES - 1) * MINUTE_MS
  const rows =
    points.length === 0
      ? []
      : await loopTrend.run(reader, { from_ms: t0, to_ms: atMs, meters: [...points] })
  const byPoint = Map.groupBy(rows, ({ meter_name }) => meter_name)
  return (point) => {
    const minutes = new Map(
      (byPoint.get(point ?? '') ?? []).map((row) => [(row.minute_ms - t0) / MINUTE_MS, row]),
    )
    const column = (of: 'celsius' | 'flow') =>
      Array.from({ length: MINUTES }, (_, at) => minutes.get(at)?.[of] ?? null)
    return {
      t0,
      step_ms: MINUTE_MS,
      supply_celsius: column('celsius'),
      flow_liters_per_minute: column('flow'),
    }
  }
}
