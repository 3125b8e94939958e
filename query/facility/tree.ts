import type { FacilityTreeAnswer } from '#schemas/api-facility-tree.ts'
import { facilityAt } from '#schemas/facility.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { memo } from '../memo.ts'
import { metersBucket, metersLatest, siteBucket } from '../queries/facility-tree.ts'
import { HOUR_MS, iso, MINUTE_MS, parseTime } from '../window.ts'
import type { FacilityDeps } from './deps.ts'
import { floorBucket } from './periods.ts'
import { loadOf } from './pue-figures.ts'
import { type Heard, treeFigures } from './tree-figures.ts'

/** A meter that is read once an hour has a value in it. */
const LATEST_MS = HOUR_MS + 5 * MINUTE_MS
/** How far back the newest settled bucket is looked for. */
const BUCKETS_MS = 2 * HOUR_MS
const TTL_MS = 5_000
const WATTS_PER_MW = 1_000_000

/**
 * GET /api/v1/facility/tree: the meters in force at a moment, each with its newest values, state and energy, and what
 * delivers without being listed. Now is worked out once for all who ask within five seconds. Rejects with
 * E_RANGE_INVALID, E_JOURNAL_AWAY before the journal was ever read, and the reader's errors.
 */
export function createFacilityTree(
  deps: FacilityDeps,
): (at: string | undefined) => Promise<FacilityTreeAnswer> {
  const now = memo(deps.clock, TTL_MS, () => treeAt(deps, deps.clock()))
  return async (at) =>
    at === undefined ? now() : treeAt(deps, Math.min(parseTime(at), deps.clock()))
}

async function treeAt(deps: FacilityDeps, atMs: number): Promise<FacilityTreeAnswer> {
  const { reader } = deps
  const untilMs = floorBucket(atMs)
  const range = { from_s: (untilMs - BUCKETS_MS) / 1000, to_s: untilMs / 1000 }
  const [documents, latest, buckets, [site]] = await Promise.all([
    deps.documents(),
    metersLatest.run(reader, { from_ms: atMs - LATEST_MS, to_ms: atMs }),
    metersBucket.run(reader, range),
    siteBucket.run(reader, range),
  ])
  const book = facilityAt(documents.facility, atMs)
  const heard = new Map<string, Heard>(
    latest.map(({ meter_name, last_ms, step_ms, metrics, metric_values }) => [
      meter_name,
      {
        lastMs: last_ms,
        stepMs: step_ms,
        values: Object.fromEntries(metrics.map((metric, at) => [metric, metric_values[at] ?? 0])),
      },
    ]),
  )
  const energies = new Map(
    buckets.map((row) => [
      row.meter_name,
      {
        bucketMs: row.bucket_s * 1000,
        mj: row.newest_mj,
        knownMs: row.newest_known_ms,
        flags: row.newest_flags,
      },
    ]),
  )
  const refused = new Set(site?.refused ?? [])
  const [row] = book.sites
  const contracted = row?.contracted_watts ?? null
  return {
    definition: DEFINITION_SET,
    simulated: deps.simulated,
    at: iso(atMs),
    site: row?.site ?? null,
    it_level: row?.it_level ?? null,
    contracted_mw: contracted === null ? null : contracted / WATTS_PER_MW,
    ...treeFigures(book, { atMs, heard, energies, refused }),
    totals:
      site === undefined || site.has_site === 0
        ? null
        : {
            from: iso(site.bucket_s * 1000),
            total_kw: loadOf(site.site_total_mj, 1) ?? 0,
            it_kw: loadOf(site.site_it_mj, 1) ?? 0,
            cooling_kw: loadOf(site.site_cooling_mj, 1) ?? 0,
            distribution_kw: loadOf(site.site_distribution_mj, 1) ?? 0,
            other_kw: loadOf(site.site_other_mj, 1) ?? 0,
          },
  }
}
