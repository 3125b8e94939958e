import type { PueFigures } from '#schemas/api-facility.ts'
import type { PueLabel } from '#schemas/pue-label.ts'
import type { PueRow } from '../queries/facility-energy.ts'
import { ratioOf } from '../sums.ts'
import { iso, type TimeWindow } from '../window.ts'
import { BUCKET_MS, isTwelveMonths } from './periods.ts'

/** From this share of buckets on a ratio is complete (DEFINITIONS section 8). */
export const COMPLETE_FROM = 0.98
/** A ratio cannot be below, nor above without a fault of a meter. */
const RATIO_MAX = 3n
const MJ_PER_KWH = 3_600_000_000
/** Meters of a period that are named at most. */
const FAULTY_MAX = 100

export const kwhOf = (mj: bigint): number => Number(mj) / MJ_PER_KWH

/** Mean power of some buckets, kW; null of none. */
export const loadOf = (mj: bigint, buckets: number): number | null =>
  buckets <= 0 ? null : kwhOf(mj) / ((buckets * BUCKET_MS) / 3_600_000)

export const bucketsIn = ({ fromMs, toMs }: TimeWindow): number => (toMs - fromMs) / BUCKET_MS

/** What a figure of this scope and length may be called. */
export function pueLabel(scope: string, period: TimeWindow, timeZone: string): PueLabel {
  const isYear = isTwelveMonths(period, timeZone)
  if (scope === 'site') return isYear ? 'PUE' : 'iPUE'
  return isYear ? 'pPUE' : 'pPUE, interim'
}

/** `iPUE2`, `pPUE2, interim`. */
export const namedLabel = (label: PueLabel, category: number | null): string =>
  category === null ? label : label.replace('PUE', `PUE${category}`)

/** Sums over several periods. */
export function joinRows(rows: readonly PueRow[]): PueRow {
  return rows.reduce(joinTwo, EMPTY)
}

const EMPTY: PueRow = {
  period_s: 0,
  buckets: 0,
  last_s: 0,
  counted: 0,
  total_incomplete: 0,
  it_incomplete: 0,
  faulty_buckets: 0,
  counted_total_mj: 0n,
  counted_it_mj: 0n,
  counted_cooling_mj: 0n,
  counted_distribution_mj: 0n,
  counted_other_mj: 0n,
  counted_estimated_ms: 0n,
  counted_known_ms: 0n,
  total_only: 0,
  total_only_mj: 0n,
  it_only: 0,
  it_only_mj: 0n,
  total_known_ppm: 0,
  it_known_ppm: 0,
  categories: [],
  faulty_meters: [],
  faulty_counts: [],
}

const joinTwo = (a: PueRow, b: PueRow): PueRow => ({
  period_s: a.period_s,
  buckets: a.buckets + b.buckets,
  last_s: Math.max(a.last_s, b.last_s),
  counted: a.counted + b.counted,
  total_incomplete: a.total_incomplete + b.total_incomplete,
  it_incomplete: a.it_incomplete + b.it_incomplete,
  faulty_buckets: a.faulty_buckets + b.faulty_buckets,
  counted_total_mj: a.counted_total_mj + b.counted_total_mj,
  counted_it_mj: a.counted_it_mj + b.counted_it_mj,
  counted_cooling_mj: a.counted_cooling_mj + b.counted_cooling_mj,
  counted_distribution_mj: a.counted_distribution_mj + b.counted_distribution_mj,
  counted_other_mj: a.counted_other_mj + b.counted_other_mj,
  counted_estimated_ms: a.counted_estimated_ms + b.counted_estimated_ms,
  counted_known_ms: a.counted_known_ms + b.counted_known_ms,
  total_only: a.total_only + b.total_only,
  total_only_mj: a.total_only_mj + b.total_only_mj,
  it_only: a.it_only + b.it_only,
  it_only_mj: a.it_only_mj + b.it_only_mj,
  total_known_ppm: a.total_known_ppm + b.total_known_ppm,
  it_known_ppm: a.it_known_ppm + b.it_known_ppm,
  categories: [...a.categories, ...b.categories],
  faulty_meters: [...a.faulty_meters, ...b.faulty_meters],
  faulty_counts: [...a.faulty_counts, ...b.faulty_counts],
})

/** Ratio of the sums and what it stands on; one division, at the rim. */
export function pueFigures(
  row: PueRow | undefined,
  period: TimeWindow,
  given: { readonly scope: string; readonly timeZone: string },
): PueFigures {
  const sums = row ?? EMPTY
  const expected = bucketsIn(period)
  const { counted, counted_total_mj: total, counted_it_mj: it } = sums
  const coverage = Math.min(1, counted / expected)
  const isComplete = counted / expected >= COMPLETE_FROM
  const valueOfKnown = ratioOf(total, it)
  const categories = [...new Set(sums.categories)].sort((a, b) => a - b)
  const category = categories[0] ?? null
  const label = pueLabel(given.scope, period, given.timeZone)
  return {
    from: iso(period.fromMs),
    to: iso(period.toMs),
    label,
    name: namedLabel(label, category),
    category,
    categories,
    value: isComplete ? valueOfKnown : null,
    complete: isComplete,
    value_of_known: valueOfKnown,
    ...boundsOf(sums, expected),
    coverage,
    coverage_total: Math.min(1, sums.total_known_ppm / 1e6 / expected),
    coverage_it: Math.min(1, sums.it_known_ppm / 1e6 / expected),
    buckets: {
      expected,
      counted,
      missing: Math.max(0, expected - sums.buckets),
      total_incomplete: sums.total_incomplete,
      it_incomplete: sums.it_incomplete,
      faulty: sums.faulty_buckets,
    },
    faulty_meters: faultyMeters(sums),
    it_load_kw: loadOf(it, counted),
    total_load_kw: loadOf(total, counted),
    kwh: {
      total: kwhOf(total),
      it: kwhOf(it),
      cooling: kwhOf(sums.counted_cooling_mj),
      distribution: kwhOf(sums.counted_distribution_mj),
      other: kwhOf(sums.counted_other_mj),
    },
    estimated_share: shareOf(sums.counted_estimated_ms, sums.counted_known_ms),
  }
}

/** part / whole, at most 1. */
export const shareOf = (part: bigint, whole: bigint): number | null =>
  ratioOf(part < whole ? part : whole, whole)

/**
 * The ratio if it was 1, and 3, wherever it is not known: with the energy that one side tells there, else with the mean
 * of what counts. Whole numbers, so that lo <= value_of_known <= hi to the last bit.
 */
function boundsOf(sums: PueRow, expected: number): Pick<PueFigures, 'lo' | 'hi'> {
  const { counted, counted_total_mj: total, counted_it_mj: it } = sums
  if (counted === 0 || it === 0n) return { lo: null, hi: null }
  const silent = Math.max(0, expected - counted - sums.total_only - sums.it_only)
  const guessed = (it * BigInt(silent)) / BigInt(counted) + sums.it_only_mj
  const told = sums.total_only_mj
  return {
    lo: ratioOf(total + told + guessed, it + told + guessed),
    // Both sides times three, because the IT part of `told` is a third of it.
    hi: ratioOf(
      RATIO_MAX * (total + told + RATIO_MAX * guessed),
      RATIO_MAX * (it + guessed) + told,
    ),
  }
}

function faultyMeters({ faulty_meters, faulty_counts }: PueRow): PueFigures['faulty_meters'] {
  const counts = new Map<string, number>()
  faulty_meters.forEach((meter, at) =>
    counts.set(meter, (counts.get(meter) ?? 0) + (faulty_counts[at] ?? 0)),
  )
  return [...counts]
    .map(([meter, buckets]) => ({ meter, buckets }))
    .sort((a, b) => b.buckets - a.buckets || (a.meter < b.meter ? -1 : 1))
    .slice(0, FAULTY_MAX)
}
