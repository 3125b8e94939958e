import type { FacilityTreeAnswer } from '#schemas/api-facility-tree.ts'
import { facilityAt } from '#schemas/facility.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { memo } from '../memo.ts'
import { metersBucket, siteBucket } from '../queries/facility-tree.ts'
import { HOUR_MS, iso, parseTime } from '../window.ts'
import { type FacilityDeps, type HeardAt, readHeard } from './deps.ts'
import { floorBucket } from './periods.ts'
import { loadOf } from './pue-figures.ts'
import { treeFigures } from './tree-figures.ts'

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
  const now = memo(deps.clock, TTL_MS, async () => treeOf(deps, await deps.heardNow()))
  return async (at) => {
    if (at === undefined) return now()
    return treeOf(deps, await readHeard(deps, Math.min(parseTime(at), deps.clock())))
  }
}

async function treeOf(deps: FacilityDeps, { atMs, heard }: HeardAt): Promise<FacilityTreeAnswer> {
  const { reader } = deps
  const untilMs = floorBucket(atMs)
  const range = { from_s: (untilMs - BUCKETS_MS) / 1000, to_s: untilMs / 1000 }
  const [documents, buckets, [site]] = await Promise.all([
    deps.documents(),
    metersBucket.run(reader, range),
    siteBucket.run(reader, range),
  ])
  const book = facilityAt(documents.facility, atMs)
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
