import { facilityAt, type FacilityBook, MeterRow } from '#schemas/facility.ts'
import { METER_FLAGS } from '#schemas/meter-flags.ts'
import { type CountedTree, countedTree } from './counted.ts'
import {
  BUCKET_MS,
  type MeterBucket,
  type MeterEnergy,
  meterEnergy,
  type Span,
} from './meter-energy.ts'
import { bucketKey, type MeterStore, REACH_MS } from './meter-store.ts'
import { type MeterReadings, NO_READINGS } from './readings.ts'
import { type BucketOfMeter, type ScopeBucket, scopeEnergy } from './scope-energy.ts'

/** A difference of a counter that reaches over more than one of its intervals. */
export type LongStep = MeterEnergy['long'][number]

export interface MadeMeters {
  readonly meters: Map<string, readonly [meter: string, bucket: MeterBucket]>
  readonly long: readonly LongStep[]
}

/** What holds for a meter that nobody listed: it is read, so its energy is known. */
const UNLISTED = MeterRow.parse({ meter: 'x', role: 'other', level: 'node', from_ms: 0 })

/** Starts of the buckets of a span. */
export function bucketsOf({ fromMs, toMs }: Span): number[] {
  return Array.from({ length: (toMs - fromMs) / BUCKET_MS }, (_, at) => fromMs + at * BUCKET_MS)
}

/**
 * Energy of every meter in each bucket of a span, by the rows in force when the bucket began. A counter that was silent
 * at an edge of the span is looked for beyond it.
 */
export async function makeMeters(
  span: Span,
  book: FacilityBook,
  {
    stored,
    nowMs,
    heard,
  }: { readonly stored: MeterStore; readonly nowMs: number; readonly heard: Set<string> },
): Promise<MadeMeters> {
  const near = await stored.readings(span)
  for (const name of near.keys()) heard.add(name)
  const series = await withFar(near, span, { stored, nowMs, heard })
  const meters: MadeMeters['meters'] = new Map()
  const long: LongStep[] = []
  const starts = bucketsOf(span)
  const rowsAt = starts.map((fromMs) => rowsByName(book, fromMs))
  for (const [meter, readings] of series) {
    let [row, energy]: [MeterRow | null, MeterEnergy | null] = [null, null]
    for (const [at, fromMs] of starts.entries()) {
      const inForce = rowsAt[at]?.get(meter) ?? UNLISTED
      if (energy === null || row !== inForce) {
        row = inForce
        energy = meterEnergy(readings, row)
        long.push(...energy.long)
      }
      const bucket = energy.bucket(fromMs)
      if (bucket.knownMs > 0 || bucket.flags !== 0)
        meters.set(bucketKey(fromMs, meter), [meter, bucket])
    }
  }
  return { meters, long }
}

const rowsByName = (book: FacilityBook, atMs: number) =>
  new Map(facilityAt(book, atMs).meters.map((row) => [row.meter, row]))

interface Far {
  readonly stored: Pick<MeterStore, 'far'>
  readonly nowMs: number
  /** Meters that were ever heard of here: one may be silent in all of this span. */
  readonly heard: ReadonlySet<string>
}

async function withFar(
  near: Map<string, MeterReadings>,
  span: Span,
  { stored, nowMs, heard }: Far,
): Promise<Map<string, MeterReadings>> {
  // As long as nothing can have come after it, silence has no end that could be bridged.
  const hasAfter = span.toMs + REACH_MS <= nowMs
  const counters = [...near].filter(([, { energy }]) => energy.length > 0)
  const silent = [...heard].filter((name) => (near.get(name)?.energy.length ?? 0) === 0)
  const noneBefore = counters.filter(([, { energy }]) =>
    energy.every(({ atMs }) => atMs > span.fromMs),
  )
  const noneAfter = counters.filter(([, { energy }]) =>
    energy.every(({ atMs }) => atMs < span.toMs),
  )
  const names = (list: readonly (readonly [string, MeterReadings])[]) => list.map(([name]) => name)
  const afterOf = hasAfter ? [...names(noneAfter), ...silent] : []
  const after = await stored.far(afterOf, span, 'after')
  // Of a meter that is silent in all of the span both ends are needed.
  const before = await stored.far(
    [...names(noneBefore), ...silent.filter((name) => after.has(name))],
    span,
    'before',
  )
  const found = new Map(near)
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [first, last] = [before.get(name), after.get(name)]
    const own = found.get(name) ?? NO_READINGS
    const energy = [
      ...(first === undefined ? [] : [first]),
      ...own.energy,
      ...(last === undefined ? [] : [last]),
    ]
    found.set(name, { ...own, energy })
  }
  return found
}

/** Energy of the scopes in each bucket of a span. */
export async function makeScopes(
  span: Span,
  book: FacilityBook,
  meters: MadeMeters['meters'],
  stored: Pick<MeterStore, 'usual'>,
): Promise<Map<string, readonly [fromMs: number, bucket: ScopeBucket]>> {
  const found = new Map<string, readonly [number, ScopeBucket]>()
  const byBucket = new Map<number, Map<string, MeterBucket>>()
  for (const [meter, bucket] of meters.values()) {
    const own = byBucket.get(bucket.fromMs) ?? new Map<string, MeterBucket>()
    byBucket.set(bucket.fromMs, own.set(meter, bucket))
  }
  const trees = treesOf(book)
  for (const fromMs of bucketsOf(span)) {
    const tree = trees(fromMs)
    if (tree === null) continue
    const energies: BucketOfMeter = byBucket.get(fromMs) ?? new Map()
    let scopes = scopeEnergy(tree, energies)
    if (scopes.some(({ flags }) => (flags & METER_FLAGS.ratio) !== 0))
      scopes = scopeEnergy(tree, energies, await stored.usual(fromMs))
    for (const scope of scopes) found.set(bucketKey(fromMs, scope.scope), [fromMs, scope])
  }
  return found
}

/** The counted tree at a moment; made anew only where a row begins or ends in between. */
function treesOf(book: FacilityBook): (atMs: number) => CountedTree | null {
  const edges = [...book.meters, ...book.sites]
    .flatMap((row) => ('to_ms' in row ? [row.from_ms, row.to_ms ?? Infinity] : [row.from_ms]))
    .toSorted((a, b) => a - b)
  let made: { readonly edge: number; readonly tree: CountedTree | null } | null = null
  return (atMs) => {
    const edge = edges.findLast((ms) => ms <= atMs) ?? -Infinity
    if (made === null || made.edge !== edge)
      made = { edge, tree: countedTree(facilityAt(book, atMs)) }
    return made.tree
  }
}
