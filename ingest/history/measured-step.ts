import { PlimsollError } from '#schemas/errors.ts'
import { type HistoryFile, openRecords } from './file.ts'
import type { SamplesMap } from './map.ts'
import { createTimeReader } from './time-format.ts'

/** Rows that are looked at. */
const ROWS_MAX = 100_000
/** Steps that samplers have; a measured one is taken for the nearest within a twentieth. */
const USUAL_MS = [
  1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600,
].map((seconds) => seconds * 1000)
const NEAR = 0.05
const MINUTE_MS = 60_000

/**
 * How long a sample of a file speaks, ms: the most frequent distance between two rows of one device, of equal ones the
 * shorter. Throws E_HISTORY_INVALID when no two rows follow each other.
 */
export async function measuredStep(file: HistoryFile, map: SamplesMap): Promise<number> {
  const { place, batches } = await openRecords(file, map)
  const readTime = createTimeReader(map.time)
  const timeAt = place(map.time.column)
  const who = map.scope === 'node' ? map.dimensions.node : map.device
  const nameAt = who !== undefined && 'column' in who ? place(who.column) : null
  const last = new Map<string, number>()
  const counts = new Map<number, number>()
  let rows = 0
  for await (const records of batches) {
    for (const { fields } of records) {
      const atMs = readTime(fields[timeAt] ?? '')
      if (atMs === null) continue
      const name = nameAt === null ? '' : (fields[nameAt] ?? '')
      const distance = atMs - (last.get(name) ?? Infinity)
      last.set(name, atMs)
      if (distance > 0) counts.set(distance, (counts.get(distance) ?? 0) + 1)
    }
    rows += records.length
    if (rows >= ROWS_MAX) break
  }
  const step = stepFrom(counts)
  if (step !== null) return step
  throw new PlimsollError(
    'E_HISTORY_INVALID',
    `${file.name}: how long a sample speaks cannot be seen from its times; write step_ms into the mapping`,
  )
}

/** The usual step at the most frequent distance; null without any, or beyond an hour. */
export function stepFrom(counts: ReadonlyMap<number, number>): number | null {
  const [mode] = [...counts].toSorted((a, b) => b[1] - a[1] || a[0] - b[0])
  if (mode === undefined) return null
  const usual = USUAL_MS.find((ms) => Math.abs(ms - mode[0]) <= NEAR * ms)
  if (usual !== undefined) return usual
  return mode[0] <= MINUTE_MS || (mode[0] % MINUTE_MS === 0 && mode[0] <= 3_600_000)
    ? mode[0]
    : null
}
