import { facilityEnergy } from '../queries/facility-energy.ts'
import type { TimeWindow } from '../window.ts'
import type { FacilityDeps } from './deps.ts'
import type { EnergyPart, EnergyParts, EnergyScope } from './energy.ts'
import { rangeOf, secondsOf } from './periods.ts'
import { bucketsIn } from './pue-figures.ts'

type Row = Awaited<ReturnType<typeof facilityEnergy.run>>[number]

const ROLES = ['it', 'cooling', 'distribution', 'other'] as const
type Role = (typeof ROLES)[number]

const energyOf: Readonly<Record<Role | 'total', (row: Row) => bigint>> = {
  total: ({ sum_total_mj }) => sum_total_mj,
  it: ({ sum_it_mj }) => sum_it_mj,
  cooling: ({ sum_cooling_mj }) => sum_cooling_mj,
  distribution: ({ sum_distribution_mj }) => sum_distribution_mj,
  other: ({ sum_other_mj }) => sum_other_mj,
}

/** Energy of the site, of its roles, or of each hall, as scopes are settled. */
export async function byScopes(
  { reader, timeZone }: FacilityDeps,
  { window, periods, tariff }: EnergyScope,
  groupBy: 'role' | 'hall' | undefined,
): Promise<EnergyParts> {
  const rows = await facilityEnergy.run(reader, {
    ...rangeOf(window),
    scope_prefix: groupBy === 'hall' ? 'hall:' : 'site',
    starts: secondsOf(periods),
    pieces: tariff.pieces.map((ms) => ms / 1000),
    zone: timeZone,
    slot_minutes: tariff.slotMinutes,
  })
  const kinds: readonly (Role | 'total')[] = groupBy === 'role' ? ROLES : ['total']
  const idOf = (row: Row, kind: Role | 'total') => (groupBy === 'hall' ? row.scope_name : kind)
  const parts = rows.flatMap((row) => kinds.map((kind) => partOf(row, kind, idOf(row, kind))))
  const ids =
    groupBy === 'hall' ? [...new Set(rows.map(({ scope_name }) => scope_name))].sort() : kinds
  const expected = expectedTimes(rows, kinds, idOf)
  return {
    parts,
    groups: ids.map((id) => ({ id, key: keyOf(id, groupBy) })),
    expectedMs: (group, period) => {
      const some = expected(group, period)
      const buckets = BigInt(bucketsIn(period ?? window))
      // Buckets that are not there would have had as many meters as those that are.
      return some.buckets === 0 ? 0n : (some.ms * buckets) / BigInt(some.buckets)
    },
  }
}

const keyOf = (id: string, groupBy: 'role' | 'hall' | undefined): Record<string, string> =>
  groupBy === 'hall' ? { hall: id.slice('hall:'.length) } : groupBy === 'role' ? { role: id } : {}

/** What cooling, distribution and the rest took is known where the total is. */
function partOf(row: Row, kind: Role | 'total', group: string): EnergyPart {
  const knownMs = kind === 'it' ? row.sum_it_known_ms : row.sum_total_known_ms
  const bothMs = row.sum_it_known_ms + row.sum_total_known_ms
  return {
    group,
    periodMs: row.period_s * 1000,
    pieceMs: row.piece_s * 1000,
    slot: row.slot,
    mj: energyOf[kind](row),
    knownMs,
    // Estimated time is of both sides together: each side has its share.
    estimatedMs: bothMs === 0n ? 0n : (row.sum_estimated_ms * knownMs) / bothMs,
  }
}

function expectedTimes(
  rows: readonly Row[],
  kinds: readonly (Role | 'total')[],
  idOf: (row: Row, kind: Role | 'total') => string,
) {
  const times = new Map<string, { readonly ms: bigint; readonly buckets: number }>()
  const add = (key: string, ms: bigint, buckets: number) => {
    const before = times.get(key) ?? { ms: 0n, buckets: 0 }
    times.set(key, { ms: before.ms + ms, buckets: before.buckets + buckets })
  }
  for (const row of rows)
    for (const kind of kinds) {
      const ms = kind === 'it' ? row.sum_it_expected_ms : row.sum_total_expected_ms
      const id = idOf(row, kind)
      add(`${id}\n${row.period_s * 1000}`, ms, row.buckets)
      add(id, ms, row.buckets)
    }
  return (group: string, period: TimeWindow | null) =>
    times.get(period === null ? group : `${group}\n${period.fromMs}`) ?? { ms: 0n, buckets: 0 }
}
