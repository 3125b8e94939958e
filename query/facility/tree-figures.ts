import type { FacilityTreeAnswer, MeterState, TreeMeter } from '#schemas/api-facility-tree.ts'
import type { FacilityBook, MeterRow } from '#schemas/facility.ts'
import { METER_FLAGS, meterFlags } from '#schemas/meter-flags.ts'
import { iso, isoOrNull } from '../window.ts'
import { BUCKET_MS } from './periods.ts'
import { kwhOf } from './pue-figures.ts'
import { thingOf } from './tree-book.ts'

/** A point that gives nothing for three of its steps, and at least this long, is silent. */
const SILENT_MS = 90_000
const SILENT_STEPS = 3
const UNLISTED_MAX = 200
/** Its word was refused, or cannot be placed in time. */
const FAULTY_FLAGS = METER_FLAGS.implausible | METER_FLAGS.clock

/** What a point said last. */
export interface Heard {
  readonly lastMs: number
  readonly stepMs: number
  readonly values: Readonly<Record<string, number>>
}

/** A settled bucket of a meter. */
export interface Bucket {
  readonly bucketMs: number
  readonly mj: bigint
  readonly knownMs: number
  readonly flags: number
}

export interface TreeFacts {
  readonly atMs: number
  readonly heard: ReadonlyMap<string, Heard>
  readonly energies: ReadonlyMap<string, Bucket>
  /** Meters that a scope named in its newest bucket. */
  readonly refused: ReadonlySet<string>
}

export const isSilent = ({ lastMs, stepMs }: Pick<Heard, 'lastMs' | 'stepMs'>, atMs: number) =>
  atMs - lastMs > Math.max(SILENT_MS, SILENT_STEPS * stepMs)

/** The tree with its figures, and what delivers without being in it. Pure. */
export function treeFigures(
  book: FacilityBook,
  facts: TreeFacts,
): Pick<FacilityTreeAnswer, 'meters' | 'unlisted' | 'unlisted_total' | 'states'> {
  const children = Map.groupBy(book.meters, ({ parent }) => parent)
  const points = pointsOf(book.meters, facts.heard)
  const meters = inOrder(book.meters, children).map((row) =>
    treeMeter(row, facts, {
      points: points.get(row.meter) ?? [],
      children: children.get(row.meter) ?? [],
    }),
  )
  const unlisted = unlistedOf(book, facts.heard)
  const count = (state: MeterState) => meters.filter((meter) => meter.state === state).length
  return {
    meters,
    unlisted: unlisted.slice(0, UNLISTED_MAX),
    unlisted_total: unlisted.length,
    states: {
      ok: count('ok'),
      silent: count('silent'),
      faulty: count('faulty'),
      unlisted: unlisted.length,
    },
  }
}

/** Names above a point, itself included: `a/b/c`, `a/b`, `a`. */
function namesAbove(point: string): readonly string[] {
  const parts = point.split('/')
  return parts.map((_, at) => parts.slice(0, parts.length - at).join('/'))
}

/** Points that deliver, by the listed meter that they are of. */
function pointsOf(
  rows: readonly MeterRow[],
  heard: ReadonlyMap<string, Heard>,
): ReadonlyMap<string, readonly Heard[]> {
  const listed = new Set(rows.map(({ meter }) => meter))
  const points = new Map<string, Heard[]>()
  for (const [point, said] of heard) {
    if (listed.has(point)) continue
    const meter = namesAbove(point).find((name) => listed.has(name))
    if (meter === undefined) continue
    const own = points.get(meter) ?? []
    points.set(meter, own)
    own.push(said)
  }
  return points
}

/** Parents before children, each level by name; what hangs in a circle comes last. */
function inOrder(
  rows: readonly MeterRow[],
  children: ReadonlyMap<string, readonly MeterRow[]>,
): readonly MeterRow[] {
  const byName = (some: readonly MeterRow[]) =>
    some.toSorted((a, b) => (a.meter < b.meter ? -1 : 1))
  const listed = new Set(rows.map(({ meter }) => meter))
  const seen = new Set<MeterRow>()
  const waiting = byName(rows.filter(({ parent }) => !listed.has(parent))).toReversed()
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    if (seen.has(row)) continue
    seen.add(row)
    waiting.push(...byName(children.get(row.meter) ?? []).toReversed())
  }
  return [...seen, ...byName(rows.filter((row) => !seen.has(row)))]
}

function treeMeter(
  row: MeterRow,
  facts: TreeFacts,
  below: { readonly points: readonly Heard[]; readonly children: readonly MeterRow[] },
): TreeMeter {
  const { atMs, heard, energies } = facts
  const own = heard.get(row.meter)
  const newest = [...(own === undefined ? [] : [own]), ...below.points].reduce<Heard | null>(
    (last, said) => (last === null || said.lastMs > last.lastMs ? said : last),
    null,
  )
  const bucket = energies.get(row.meter)
  return {
    meter: row.meter,
    name: row.name,
    parent: row.parent,
    role: row.role,
    level: row.level,
    feed: row.feed,
    hall: row.hall,
    rack: row.rack,
    loop: row.loop,
    category: row.category,
    since: iso(row.from_ms),
    state: stateOf(row.meter, newest, facts),
    values: own === undefined ? {} : { ...own.values },
    last_at: isoOrNull(newest?.lastMs ?? null),
    age_seconds: newest === null ? null : (atMs - newest.lastMs) / 1000,
    points: below.points.length,
    energy:
      bucket === undefined
        ? null
        : {
            from: iso(bucket.bucketMs),
            kwh: kwhOf(bucket.mj),
            coverage: Math.min(1, bucket.knownMs / BUCKET_MS),
            flags: meterFlags(bucket.flags),
          },
    children: bucket === undefined ? null : childrenSum(bucket, below.children, energies),
  }
}

/** Silence comes first: the last word of a silent meter, good or bad, is not its state now. */
function stateOf(
  meter: string,
  newest: Heard | null,
  { atMs, energies, refused }: TreeFacts,
): MeterState {
  if (newest === null || isSilent(newest, atMs)) return 'silent'
  const bucket = energies.get(meter)
  const isRefused =
    bucket !== undefined && (bucket.flags & FAULTY_FLAGS) !== 0 && bucket.knownMs < BUCKET_MS
  return isRefused || refused.has(meter) ? 'faulty' : 'ok'
}

/**
 * All meters right below, each complete in the same bucket as the meter itself, else nothing: a sum without one of them
 * compares with another thing. Levels of one thing (its inlet, its phases) measure the same watts: the one with most counts.
 */
function childrenSum(
  own: Bucket,
  children: readonly MeterRow[],
  energies: ReadonlyMap<string, Bucket>,
): TreeMeter['children'] {
  const rows = [...Map.groupBy(children, ({ meter }) => thingOf(meter)).values()].flatMap(widest)
  const buckets = rows.flatMap(({ meter }) => energies.get(meter) ?? [])
  const isWhole = (bucket: Bucket) =>
    bucket.bucketMs === own.bucketMs && bucket.knownMs >= BUCKET_MS
  if (rows.length === 0 || buckets.length < rows.length || ![own, ...buckets].every(isWhole))
    return null
  const mj = buckets.reduce((sum, bucket) => sum + bucket.mj, 0n)
  return {
    levels: [...new Set(rows.map(({ level }) => level))].sort(),
    meters: rows.length,
    kwh: kwhOf(mj),
    difference_ratio: own.mj === 0n ? null : Number(own.mj - mj) / Number(own.mj),
  }
}

/** Of the meters of one thing those of the level that has most. */
function widest(rows: readonly MeterRow[]): readonly MeterRow[] {
  const levels = [...Map.groupBy(rows, ({ level }) => level)]
  const [most] = levels.toSorted(
    ([a, left], [b, right]) => right.length - left.length || (a < b ? -1 : 1),
  )
  return most?.[1] ?? []
}

/** Things that deliver although no tree, loop or site names them. */
function unlistedOf(
  book: FacilityBook,
  heard: ReadonlyMap<string, Heard>,
): FacilityTreeAnswer['unlisted'] {
  const known = new Set([
    ...book.meters.map(({ meter }) => meter),
    ...book.loops.flatMap(({ units, room }) => [...units, room]),
    ...book.sites.map(({ weather }) => weather),
  ])
  const strange = [...heard].filter(([point]) => !namesAbove(point).some((name) => known.has(name)))
  return [...Map.groupBy(strange, ([point]) => thingOf(point))]
    .map(([meter, points]) => ({
      meter,
      points: points.length,
      values: { ...heard.get(meter)?.values },
      last_at: iso(Math.max(...points.map(([, { lastMs }]) => lastMs))),
    }))
    .sort((a, b) => (a.meter < b.meter ? -1 : 1))
}
