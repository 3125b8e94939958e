import type { MeterRow } from '#schemas/facility.ts'

/** Longest way from a node to the grid; a longer one is a circle. */
const DEPTH_MAX = 64
const FEEDS: ReadonlySet<MeterRow['level']> = new Set(['utility', 'generator'])

export const byMeter = (rows: readonly MeterRow[]): ReadonlyMap<string, MeterRow> =>
  new Map(rows.map((row) => [row.meter, row]))

/** Meters above one, nearest first. */
export function ancestorsOf(
  row: MeterRow,
  rows: ReadonlyMap<string, MeterRow>,
): readonly MeterRow[] {
  const found: MeterRow[] = []
  for (let up = rows.get(row.parent); up !== undefined; up = rows.get(up.parent)) {
    if (found.length >= DEPTH_MAX) return found
    found.push(up)
  }
  return found
}

/** The meters that all energy of the site passes, as it is settled: topmost ones, of them the grid's feeds alone. */
export function topMeters(meters: readonly MeterRow[]): readonly MeterRow[] {
  const measuring = meters.filter(({ level }) => level !== 'ambient')
  const rows = byMeter(measuring)
  const top = measuring.filter(({ parent }) => !rows.has(parent))
  const feeds = top.filter(({ level }) => FEEDS.has(level))
  return feeds.length > 0 ? feeds : top
}

/** `cdu-3` of `cdu-3/secondary`: what a point is of. */
export const thingOf = (meter: string): string => meter.split('/', 1)[0] ?? meter
