import type { MeterRow } from '#schemas/facility.ts'
import { METER_FLAGS } from '#schemas/meter-flags.ts'
import type { Counted, CountedScope, CountedTree } from './counted.ts'
import { BUCKET_MS, type MeterBucket } from './meter-energy.ts'
import { mostSuspect } from './suspect.ts'

/** One row of facility_15m without its revision. */
export interface ScopeBucket {
  readonly scope: string
  readonly category: number
  readonly totalMj: number
  readonly totalKnownMs: number
  readonly totalExpectedMs: number
  readonly itMj: number
  readonly itKnownMs: number
  readonly itExpectedMs: number
  readonly coolingMj: number
  readonly distributionMj: number
  readonly otherMj: number
  readonly estimatedMs: number
  readonly flags: number
  readonly faulty: readonly string[]
}

/** Energy of a bucket by meter; absent = nothing was heard of it. */
export type BucketOfMeter = ReadonlyMap<string, MeterBucket>

/** What meters usually carry in a bucket, millijoules; looked at only where a ratio is impossible. */
export type UsualEnergy = ReadonlyMap<string, number>

/** Below and above it a ratio is a fault of a meter (DEFINITIONS section 8). */
const RATIO_MIN = 1
const RATIO_MAX = 3
/** Coverage from which on a ratio is judged, and published. */
const COVERAGE_MIN = 0.98

/**
 * Energy of every scope of a tree in one bucket. `total` is the sum of its topmost meters, `it`, `cooling` and `other`
 * what is counted of these roles with everything of another role below taken off; `distribution` is what is left: losses.
 * An impossible ratio is flagged and the likeliest meter is named. Pure.
 */
export function scopeEnergy(
  tree: CountedTree,
  energies: BucketOfMeter,
  usual: UsualEnergy = new Map(),
): ScopeBucket[] {
  return tree.scopes.map((scope) => bucketOf(scope, tree, { energies, usual }))
}

interface Measured {
  readonly energies: BucketOfMeter
  readonly usual: UsualEnergy
}

function bucketOf(scope: CountedScope, tree: CountedTree, measured: Measured): ScopeBucket {
  const { energies } = measured
  const counted = [...scope.it, ...scope.cooling, ...scope.other]
  const mjOf = ({ meter }: MeterRow) => energies.get(meter)?.energyMj ?? 0
  const net = (rows: readonly Counted[]) => {
    const own = new Set(rows.map(({ row }) => row.meter))
    const below = belowOf(counted, own)
    return sum(rows, ({ row }) => mjOf(row)) - sum(below, ({ row }) => mjOf(row))
  }
  const itNames = new Set(scope.it.map(({ row }) => row.meter))
  const itSide = [...scope.it, ...belowOf(counted, itNames)].map(({ row }) => row)
  const known = (rows: readonly MeterRow[]) =>
    sum(rows, ({ meter }) => energies.get(meter)?.knownMs ?? 0)
  const involved = [
    ...new Map([...scope.total, ...itSide].map((row) => [row.meter, row] as const)).values(),
  ]
  const totalMj = sum(scope.total, mjOf)
  const itMj = Math.max(0, net(scope.it))
  const [coolingMj, otherMj] = [Math.max(0, net(scope.cooling)), Math.max(0, net(scope.other))]
  const sides = {
    totalKnownMs: known(scope.total),
    totalExpectedMs: scope.total.length * BUCKET_MS,
    itKnownMs: known(itSide),
    itExpectedMs: itSide.length * BUCKET_MS,
  }
  const isFault = isCovered(sides) && !isPossibleRatio(totalMj, itMj)
  const refused = involved.filter(({ meter }) => isRefused(energies.get(meter)))
  const named = isFault
    ? mostSuspect([...involved, ...counted.map(({ row }) => row)], tree, measured)
    : null
  const flags = involved.reduce(
    (bits, { meter }) => bits | (energies.get(meter)?.flags ?? 0),
    isFault ? METER_FLAGS.ratio : 0,
  )
  return {
    scope: scope.scope,
    category: scope.category,
    totalMj,
    ...sides,
    itMj,
    coolingMj,
    otherMj,
    distributionMj: Math.max(0, totalMj - itMj - coolingMj - otherMj),
    estimatedMs: sum(involved, ({ meter }) => energies.get(meter)?.estimatedMs ?? 0),
    flags,
    faulty: [
      ...new Set([...(named === null ? [] : [named]), ...refused.map(({ meter }) => meter)]),
    ].toSorted(),
  }
}

/** Counted meters of other roles right below these. */
const belowOf = (counted: readonly Counted[], own: ReadonlySet<string>) =>
  counted.filter(({ under }) => under !== null && own.has(under.meter))

function isCovered(
  sides: Pick<ScopeBucket, 'totalKnownMs' | 'totalExpectedMs' | 'itKnownMs' | 'itExpectedMs'>,
): boolean {
  const { totalKnownMs, totalExpectedMs, itKnownMs, itExpectedMs } = sides
  return (
    totalExpectedMs > 0 &&
    itExpectedMs > 0 &&
    totalKnownMs >= COVERAGE_MIN * totalExpectedMs &&
    itKnownMs >= COVERAGE_MIN * itExpectedMs
  )
}

/** Two sides without any energy are a site that is off, not a fault. */
const isPossibleRatio = (totalMj: number, itMj: number) =>
  totalMj === itMj || (totalMj >= RATIO_MIN * itMj && totalMj <= RATIO_MAX * itMj)

/** Some of its time is missing because its word could not be believed. */
const isRefused = (bucket: MeterBucket | undefined) =>
  bucket !== undefined &&
  (bucket.flags & METER_FLAGS.implausible) !== 0 &&
  bucket.knownMs < BUCKET_MS

function sum<Row>(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((total, row) => total + of(row), 0)
}
