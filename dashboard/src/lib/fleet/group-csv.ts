import type { Sheet } from '#lib/csv.ts'
import type { Dimension } from './dimension.ts'
import type { Row } from './sort.ts'

/** Groups of one dimension as they are saved; `called` names a group. */
export const groupsSheet = (
  rows: readonly Row[],
  dimension: Dimension,
  called: (row: Row) => string,
): Sheet => ({
  header: [
    dimension,
    'name',
    'devices',
    'utilization',
    'utilization_lo',
    'utilization_hi',
    'utilization_now',
    'coverage',
    'memory_used_ratio',
    'memory_coverage',
    'power_watts',
    'power_coverage',
    'known_device_seconds',
    'busy_device_seconds',
    'base_device_seconds',
    'known_seconds_by_source',
  ],
  rows: rows.map((row) => {
    const { group } = row
    return [
      row.name,
      called(row),
      group.devices,
      group.utilization,
      group.util_lo,
      group.util_hi,
      row.now?.utilization ?? null,
      group.coverage,
      group.memory_used.value,
      group.memory_used.coverage,
      group.power_watts,
      group.power_coverage,
      group.known_device_seconds,
      group.busy_device_seconds,
      group.base_device_seconds,
      Object.entries(group.busy_sources)
        .map(([source, seconds]) => `${source}=${Math.round(seconds)}`)
        .join(' '),
    ]
  }),
})
