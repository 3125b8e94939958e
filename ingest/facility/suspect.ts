import type { MeterRow } from '#schemas/facility.ts'
import { medianOf } from './readings.ts'
import type { CountedTree } from './counted.ts'
import type { BucketOfMeter, UsualEnergy } from './scope-energy.ts'

/**
 * The meter that an impossible ratio is most likely the fault of: the one furthest from what it usually carries, or from
 * the sum of the meters below it; without either, from its peers of the same level. Of equals the first by name. Null
 * when there are no meters.
 */
export function mostSuspect(
  rows: readonly MeterRow[],
  { children }: Pick<CountedTree, 'children'>,
  { energies, usual }: { readonly energies: BucketOfMeter; readonly usual: UsualEnergy },
): string | null {
  const mjOf = ({ meter }: MeterRow) => energies.get(meter)?.energyMj ?? 0
  const isHeard = ({ meter }: MeterRow) => energies.has(meter)
  const peers = usualOfLevels(rows, mjOf)
  const scored = rows.map((row) => {
    const own = mjOf(row)
    const before = usual.get(row.meter)
    const fromBefore = before === undefined ? 0 : apart(own, before)
    const below = childSums(children.get(row.meter) ?? [], mjOf, isHeard)
    const fromBelow = below.length === 0 ? 0 : Math.min(...below.map((mj) => apart(own, mj)))
    const isAlone = before === undefined && below.length === 0
    const fromPeers = isAlone ? apart(own, peers.get(row.level) ?? own) : 0
    // What a meter was is better evidence than what others are: a parent differs from its sum when a child is wrong.
    const score = before === undefined ? Math.max(fromBelow, fromPeers) : fromBefore + fromBelow / 4
    return { meter: row.meter, score }
  })
  const [first] = scored.toSorted(
    (a, b) => b.score - a.score || (a.meter < b.meter ? -1 : Number(a.meter > b.meter)),
  )
  return first?.meter ?? null
}

/** How many times one is the other, either way, as a logarithm; nothing at all is a hundredth. */
function apart(own: number, other: number): number {
  const least = Math.max(own, other) / 100
  return least === 0 ? 0 : Math.abs(Math.log(Math.max(own, least) / Math.max(other, least)))
}

/** Sums of the meters below, one for each level: outlets and branches of one PDU are the same watts. */
function childSums(
  children: readonly MeterRow[],
  mjOf: (row: MeterRow) => number,
  isHeard: (row: MeterRow) => boolean,
): number[] {
  const sums = new Map<string, number>()
  for (const child of children)
    if (isHeard(child)) sums.set(child.level, (sums.get(child.level) ?? 0) + mjOf(child))
  return [...sums.values()]
}

/** What meters of a level carry, in the middle; two or fewer are no peers. */
function usualOfLevels(
  rows: readonly MeterRow[],
  mjOf: (row: MeterRow) => number,
): Map<string, number> {
  const byLevel = new Map<string, number[]>()
  for (const row of rows) {
    const own = byLevel.get(row.level) ?? []
    own.push(mjOf(row))
    byLevel.set(row.level, own)
  }
  return new Map(
    [...byLevel].flatMap(([level, values]) =>
      values.length < 3 ? [] : [[level, medianOf(values) ?? 0] as const],
    ),
  )
}
